export {
  decodeText,
  type Endpoint,
  type HkpRequest,
  type Operation,
  parseHkp,
  type RequestForm,
  type SearchKind
} from './grammar.ts'
export type { Mark } from './marks.ts'
export { type AgentClass, classifyUserAgent } from './user-agent.ts'
