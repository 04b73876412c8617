#![no_main]

puremix_fuzz::target!(run_page);
