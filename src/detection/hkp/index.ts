export {
  decodeText,
  type Endpoint,
  type HkpRequest,
  kindOfSearch,
  type Operation,
  parseHkp,
  type RequestForm,
  type SearchKind
} from './grammar.ts'
export { findMarks, type Mark } from './marks.ts'
export { type AgentClass, classifyUserAgent } from './user-agent.ts'
