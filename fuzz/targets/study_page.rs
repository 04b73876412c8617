#![no_main]

puremix_fuzz::target!(study_page);
