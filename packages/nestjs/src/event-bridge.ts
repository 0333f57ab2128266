import type { LeasedCredentials, LeasedCredentialsEvents } from '@leasepool/core'
import { Logger } from '@nestjs/common'
import type { ModuleRef } from '@nestjs/core'
import { EVENT_NAMES, eventLine, type EventName, type Level } from './event-lines'
import type { LeasepoolLog, LeasepoolModuleSettings } from './options'
import { optionalModule } from './optional-module'
import { DEFAULT_NAME } from './tokens'

/** How `@nestjs/event-emitter` calls core's events. */
export type LeasepoolEventName = `leasepool.${EventName}`

/** What a listener of `leasepool.<name>` gets: core's event, and the name of the credentials. */
export type LeasepoolEvent<K extends EventName> = LeasedCredentialsEvents[K][0] & { readonly credentials: string }

interface Emitter {
  emit(name: string, payload: object): boolean
}

/** Tells Nest's logger and `@nestjs/event-emitter` what happens to credentials, for as long as the app lives. */
export class EventBridge {
  readonly #name: string
  readonly #settings: Required<LeasepoolModuleSettings>
  readonly #log: LeasepoolLog | undefined
  readonly #moduleRef: ModuleRef
  readonly #listeners: (() => void)[] = []
  #emitter: Emitter | undefined

  constructor(name: string, credentials: LeasedCredentials, settings: Required<LeasepoolModuleSettings>, moduleRef: ModuleRef) {
    this.#name = name
    this.#settings = settings
    this.#moduleRef = moduleRef
    const context = name === DEFAULT_NAME ? 'Leasepool' : `Leasepool:${name}`
    this.#log = settings.log === true ? new Logger(context) : settings.log === false ? undefined : settings.log
    for (const event of EVENT_NAMES) {
      const listener = (payload: object): void => this.#tell(event, payload)
      credentials.on(event, listener)
      this.#listeners.push(() => credentials.off(event, listener))
    }
    const { generation, username, source } = credentials.status()
    this.#say('log', `Generation ${generation} serves, user ${username} from ${source}`)
  }

  /** Once all providers are there. */
  findEmitter(): void {
    if (!this.#settings.events) return
    const token = optionalModule<{ EventEmitter2?: object }>('@nestjs/event-emitter')?.EventEmitter2
    if (token === undefined) return
    try {
      this.#emitter = this.#moduleRef.get<Emitter>(token as never, { strict: false })
    } catch {
      // it is installed, and the app does not import EventEmitterModule
    }
  }

  /** The app has shut down: credentials that outlive it must not keep it, nor go on telling it. */
  end(): void {
    for (const remove of this.#listeners.splice(0)) remove()
  }

  #tell(name: EventName, event: object): void {
    this.#say(...eventLine(name, event))
    this.#emitter?.emit(`leasepool.${name}` satisfies LeasepoolEventName, { credentials: this.#name, ...event })
  }

  #say(level: Level, message: string): void {
    this.#log?.[level]?.(message)
  }
}
