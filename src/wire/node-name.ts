/** What a node may call itself, and what it calls itself where nobody has said. */
import { DecodeError } from './errors.ts'
import { readText, textBytes } from './fields.ts'
import { NODE_NAME_BYTES_MAX } from './limits.ts'

/** As others would refuse it. */
export function isNodeName(text: string): boolean {
  try {
    readText(textBytes(text), NODE_NAME_BYTES_MAX, 'name')
    return true
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

/** A host name that is too long loses labels from its end; one that others would refuse is not told. */
export function nodeNameOfHost(hostName: string): string {
  let name = hostName.normalize('NFC')
  while (textBytes(name).length > NODE_NAME_BYTES_MAX && name.includes('.')) {
    name = name.slice(0, name.lastIndexOf('.'))
  }
  return isNodeName(name) ? name : ''
}
