/** Schema, loading, redaction and generated documents of the configuration. Only `daemon` and `cli` hand it on, as typed options. */
export { areColorsWelcome, environmentForChild } from './child-environment.ts'
export {
  type DataPaths,
  dataPaths,
  isKernelPath,
  resolveDataDir,
  SERVICE_USER,
  SYSTEM_DATA_DIR
} from './data-dir.ts'
export {
  ConfigError,
  type ConfigErrorCode,
  type ConfigProblem
} from './errors.ts'
export { type LoadedConfig, type LoadOptions, loadConfig, parseConfig } from './load.ts'
export { shippedModelsDir } from './program-files.ts'
export { redactConfig } from './redact.ts'
export { renderConfigExample, renderConfigReference } from './render.ts'
export {
  type ActuatorConfig,
  type Config,
  type ConfigInput,
  configSchema,
  type SourceConfig
} from './schema.ts'
export { readServiceEnvironment, type ServiceEnvironment } from './service-environment.ts'
export { programVersion } from './version.ts'
export { writeConfigOnce } from './write.ts'
