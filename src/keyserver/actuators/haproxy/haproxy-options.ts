export interface HaproxyActuatorOptions {
  readonly name: string
  /** `blacklist.list` as this program sees it; undefined: the running list only, which a reload empties. */
  readonly listPath: string | undefined
  /** The same file as HAProxy names it; undefined: found by its last two path parts. */
  readonly listPathInProxy: string | undefined
  /** Admin socket; undefined: the file only, which counts from HAProxy's next reload. */
  readonly socket: string | undefined
  /** Undefined: no throttles here. */
  readonly throttleTable: string | undefined
  readonly commandTimeoutMs: number
  /**
   * A CDN or another proxy stands in front. The list is compared with the TCP peer, which is that proxy: an entry would turn nobody
   * away, or everybody. The table goes by the address that HAProxy trusts, so bans go there (Hockeypuck's standalone deployment,
   * `50_fe_http_handler.cfg`: `track-sc1 hdr_ip(…,-1) table st_info_crawler` in both of the modes behind something).
   */
  readonly isBehindProxy: boolean
  /** File that says what was put in place. */
  readonly recordPath: string
}
