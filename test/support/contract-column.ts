import 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** On the suite of one pool on one server; its tests are called as the behaviours. */
    contract?: ContractColumn
  }
}

export interface ContractColumn {
  readonly subject: string
  readonly server: string
  /** Why a behaviour is not tried here, by its name. */
  readonly not: Readonly<Record<string, string>>
}
