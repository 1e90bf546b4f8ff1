//! Anomalies that interest one researcher: a few ratings, and a Gaussian process that learns from
//! them what else to show (Walmsley et al. 2022, MNRAS 513, 1581, task 2).

pub mod gp;
