//! The user's configuration: which executor gets the runs, and what is asked of Slurm. It says where a run is trained,
//! so it is no part of an experiment.

use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;
use serde::Deserialize;

use super::CliError;
use sparsegate_pipeline::exec::slurm::SlurmOptions;
use sparsegate_spec::yaml;

/// Environment variable that names the file of the configuration.
const VARIABLE: &str = "SPARSEGATE_CONFIG";

/// Who executes runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ExecutorName {
    /// This machine, each run in a process of its own.
    #[default]
    Local,
    /// The batch system Slurm, each run as a job.
    Slurm,
}

/// The configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserConfig {
    /// Who executes runs, unless `--executor` says otherwise.
    pub executor: Option<ExecutorName>,
    /// What is asked of Slurm, unless `--slurm` says otherwise.
    pub slurm: SlurmOptions,
}

impl UserConfig {
    /// Reads the file that `SPARSEGATE_CONFIG` names, or else `sparsegate/config.yaml` in the user's folder of
    /// configurations, which need not exist.
    ///
    /// # Errors
    /// The file cannot be read or is wrong (2).
    pub fn load() -> Result<Self, CliError> {
        let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        if let Some(file) = variable(VARIABLE) {
            return Self::read(Utf8Path::new(&file));
        }
        let home = variable("XDG_CONFIG_HOME").map(Utf8PathBuf::from);
        let home = home.or_else(|| variable("HOME").map(|home| Utf8PathBuf::from(home).join(".config")));
        match home.map(|home| home.join("sparsegate/config.yaml")).filter(|file| file.exists()) {
            Some(file) => Self::read(&file),
            None => Ok(Self::default()),
        }
    }

    fn read(file: &Utf8Path) -> Result<Self, CliError> {
        Ok(yaml::parse(file, &yaml::read(file)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<UserConfig, String> {
        yaml::parse(Utf8Path::new("config.yaml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_configuration_is_read() {
        let config = parse("executor: slurm\nslurm:\n  partition: main\n  time: 4:00:00\n  cpus: 4\n").unwrap();
        assert_eq!(config.executor, Some(ExecutorName::Slurm));
        assert_eq!((config.slurm.time.as_deref(), config.slurm.cpus), (Some("4:00:00"), Some(4)));
        assert_eq!(parse("slurm: { modules: gcc }").unwrap().executor, None);
    }

    #[test]
    fn mistakes_have_a_position() {
        assert_eq!(
            parse("slurm:\n  partitions: x\n").unwrap_err(),
            "config.yaml:2:3: unknown key `partitions` in `slurm`"
        );
        assert!(parse("executor: pbs\n").unwrap_err().contains("unknown value `pbs` for `executor`"));
    }
}
