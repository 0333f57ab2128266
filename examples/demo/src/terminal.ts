import type { WriteStream } from 'node:tty'

const STYLES = { plain: '', bold: '1', dim: '2', red: '31;1', green: '32', yellow: '33', cyan: '36' } as const

/** A piece of a line. */
export type Span = readonly [text: string, style?: keyof typeof STYLES]
export type Line = readonly Span[]

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_TO_END_OF_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

/** Draws lines over the ones it drew before, below whatever else the terminal shows. */
export class Terminal {
  readonly #out: WriteStream
  readonly #hasColour = !process.env['NO_COLOR']
  /** Lengths of the lines that are on the screen. */
  #drawn: number[] = []
  readonly #showCursor = (): void => void this.#out.write(SHOW_CURSOR)

  constructor(out: WriteStream) {
    this.#out = out
    out.write(HIDE_CURSOR)
    process.once('exit', this.#showCursor)
  }

  /** Characters that a line can have. One column stays free: some terminals wrap when the last one is used. */
  get width(): number {
    return (this.#out.columns || 80) - 1
  }

  /** Lines that can be drawn. One row stays free for the cursor. */
  get height(): number {
    return Math.max(1, (this.#out.rows || 24) - 1)
  }

  draw(lines: readonly Line[]): void {
    const { width } = this
    const fitting = lines.slice(0, this.height).map((line) => cut(line, width))
    const text = fitting.map((line) => line.map((span) => this.#paint(span)).join('') + CLEAR_TO_END_OF_LINE + '\n').join('')
    this.#out.write(this.#backToTop() + text + CLEAR_BELOW)
    this.#drawn = fitting.map((line) => line.reduce((sum, [{ length }]) => sum + length, 0))
  }

  close(): void {
    process.removeListener('exit', this.#showCursor)
    this.#showCursor()
  }

  /** A terminal that has become narrower since has wrapped what we drew. */
  #backToTop(): string {
    const rows = this.#drawn.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / (this.width + 1))), 0)
    return rows === 0 ? '\r' : `\r\x1b[${rows}A`
  }

  #paint([text, style = 'plain']: Span): string {
    return this.#hasColour && style !== 'plain' ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text
  }
}

function cut(line: Line, width: number): Line {
  let left = width
  return line.map(([text, style = 'plain']): Span => {
    const part = text.slice(0, left)
    left -= part.length
    return [part, style]
  })
}
