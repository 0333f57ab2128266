const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

const ELEMENTS =
  /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|-07|[.,]0+(?!\d)|[.,]9+(?!\d)|01|02|03|04|05|06|15|PM|pm|_2|1|2|3|4|5/g

/** An instant (ms since 1970) in UTC as Go's `time.Format` writes it, by a layout such as `2006-01-02T15:04:05Z07:00`. */
export function goTime(layout: string, ms: number): string {
  const date = new Date(ms)
  return layout.replace(ELEMENTS, (element) => elementOf(element, date))
}

function elementOf(element: string, date: Date): string {
  const hour12 = date.getUTCHours() % 12 || 12
  const texts: Readonly<Record<string, string>> = {
    '2006': String(date.getUTCFullYear()),
    '06': padded(date.getUTCFullYear() % 100),
    January: MONTHS[date.getUTCMonth()]!,
    Jan: MONTHS[date.getUTCMonth()]!.slice(0, 3),
    '01': padded(date.getUTCMonth() + 1),
    '1': String(date.getUTCMonth() + 1),
    Monday: DAYS[date.getUTCDay()]!,
    Mon: DAYS[date.getUTCDay()]!.slice(0, 3),
    '02': padded(date.getUTCDate()),
    _2: String(date.getUTCDate()).padStart(2),
    '2': String(date.getUTCDate()),
    '15': padded(date.getUTCHours()),
    '03': padded(hour12),
    '3': String(hour12),
    '04': padded(date.getUTCMinutes()),
    '4': String(date.getUTCMinutes()),
    '05': padded(date.getUTCSeconds()),
    '5': String(date.getUTCSeconds()),
    PM: date.getUTCHours() < 12 ? 'AM' : 'PM',
    pm: date.getUTCHours() < 12 ? 'am' : 'pm',
    MST: 'UTC',
    'Z07:00': 'Z',
    Z0700: 'Z',
    '-07:00': '+00:00',
    '-0700': '+0000',
    '-07': '+00',
  }
  return texts[element] ?? fraction(element, date)
}

/** `.000` keeps its zeros, `.999` drops those at the end. */
function fraction(element: string, date: Date): string {
  const digits = String(date.getUTCMilliseconds())
    .padStart(3, '0')
    .padEnd(element.length - 1, '0')
    .slice(0, element.length - 1)
  const kept = element[1] === '9' ? digits.replace(/0+$/, '') : digits
  return kept === '' ? '' : element[0]! + kept
}

function padded(number: number): string {
  return String(number).padStart(2, '0')
}
