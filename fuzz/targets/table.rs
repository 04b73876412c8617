#![no_main]

puremix_fuzz::target!(table);
