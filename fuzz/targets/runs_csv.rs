#![no_main]

puremix_fuzz::target!(runs_csv);
