#![no_main]

puremix_fuzz::target!(from_npy);
