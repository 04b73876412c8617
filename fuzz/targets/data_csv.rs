#![no_main]

puremix_fuzz::target!(data_csv);
