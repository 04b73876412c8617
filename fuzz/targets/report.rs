#![no_main]

puremix_fuzz::target!(report);
