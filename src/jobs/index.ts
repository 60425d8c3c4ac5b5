/**
 * Training as jobs: a queue that survives a crash, one process at a time with a budget, checkpoints, and a gate for what comes out.
 * Decides who is worked on and what a model must be worth; knows neither HTTP nor what becomes of a model afterwards.
 */
export { JobError, type JobErrorCode } from './errors.ts'
export {
  JOB_STATES,
  type JobData,
  type JobOrder,
  type JobPage,
  type JobProgress,
  type JobRecord,
  type JobState,
  type JobStore,
  NO_PROGRESS,
  type TrainingApi
} from './job.ts'
export { type JobModels, TrainingJobs, type TrainingJobsOptions } from './training-jobs.ts'
