/** Labels that are kept at once, of whatever source. */
export const LABELS_MAX = 100_000
/** Of these, said by rules. */
export const RULE_LABELS_MAX = 20_000
