import { NetminderError } from '../base/index.ts'

export type JobErrorCode =
  /** There is no training of this id. */
  | 'JOB_NOT_FOUND'
  /** As many trainings as allowed are waiting. */
  | 'JOB_QUEUE_FULL'
  /** The training has ended already. */
  | 'JOB_ENDED'
  /** Trainings are turned off. */
  | 'TRAINING_OFF'
  /** A file that the configuration does not allow to be read, or that is none. */
  | 'PATH_FORBIDDEN'
  /** The training took more memory than it may. */
  | 'MEMORY_EXCEEDED'
  /** The process of the training ended three times without getting any further. */
  | 'JOB_CRASHED'
  /** What the training needs would take more of the disk than it may. */
  | 'JOB_DISK_EXCEEDED'

export class JobError extends NetminderError<JobErrorCode> {}
