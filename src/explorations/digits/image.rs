//! Images of 8×8 pixels as rows of a table.

use serde::{Deserialize, Serialize};

use crate::study::Row;

/// The row, with a column a pixel.
macro_rules! image {
    ($($pixel:ident)*) => {
        /// An image: a neuron, the sample nearest to one, or the first principal component; pixels row by row.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        pub(super) struct Image {
            pub kind: String,
            pub algorithm: String,
            pub batch: Option<usize>,
            pub pair: Option<usize>,
            pub sample: Option<usize>,
            pub label: Option<u8>,
            pub cosine: Option<f64>,
            $(pub $pixel: f64,)*
        }

        impl Image {
            /// Pixels of a kind of image, which nothing else is said of.
            pub fn new(kind: &str, pixels: &[f64]) -> Self {
                let mut pixels = pixels.iter().copied();
                let mut next = || pixels.next().expect("8×8 pixels");
                Self { kind: kind.into(), $($pixel: next(),)* ..Self::default() }
            }

            pub fn pixels(&self) -> [f64; 64] {
                [$(self.$pixel),*]
            }
        }
    };
}

image! {
    p0 p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12 p13 p14 p15 p16 p17 p18 p19 p20 p21 p22 p23 p24 p25 p26 p27 p28 p29 p30 p31
    p32 p33 p34 p35 p36 p37 p38 p39 p40 p41 p42 p43 p44 p45 p46 p47 p48 p49 p50 p51 p52 p53 p54 p55 p56 p57 p58 p59 p60 p61 p62 p63
}

impl Row for Image {
    const TABLE: &'static str = "digits_neurons";
}
