/** Words behind the codes of categorical features. Order and spelling are part of every trained model: only append. */
export const ACTIONS = [
  'lookup',
  'upload',
  'admin',
  'hashquery',
  'status',
  'page',
  'foreign',
  'malformed'
] as const

export const AGENTS = [
  'empty',
  'browser',
  'gnupg',
  'hockeypuck',
  'library',
  'monitor',
  'crawler',
  'scanner',
  'other'
] as const

export const SEARCH_KINDS = [
  'none',
  'empty',
  'fingerprint64',
  'fingerprint40',
  'keyid16',
  'keyid8',
  'other-hex',
  'hash32',
  'email',
  'domain',
  'wildcard',
  'words'
] as const
