//! The subcommands of `zoobot-lab`.

pub mod anomalies;
pub mod features;
pub mod judge_encoders;
pub mod make_encoder;
pub mod make_export;
