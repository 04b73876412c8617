use super::{Claim, Context, Findings};
pub const CLAIM: Claim = Claim {
    id: "sgd_limit",
    number: 2,
    title: "",
    source: "",
    statement: "",
    run: |_: &Context| Ok(Findings::default()),
};
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {}
#[derive(Default)]
pub struct Prediction;
pub fn findings(_: &Context, _: &Options, _: &Prediction) -> crate::Result<Findings> {
    Ok(Findings::default())
}
