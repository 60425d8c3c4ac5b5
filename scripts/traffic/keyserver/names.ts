/** Names and domains of a key base in which nobody is real: invented domains end in `.example` (RFC 2606). */

export const FIRST_NAMES = (
  'Anna Bruno Carla David Elena Frank Greta Hassan Ines Jonas Katya Lars Marta Nadia Omar Petra Quentin Rosa Sven Tina Umar Vera ' +
  'Wout Xenia Yann Zoe Alice Bob Carol Dmitri Erik Fatima Goran Hana Igor Julia Karim Lena Milan Nora Olga Pavel Rita Stefan Tomas ' +
  'Ulla Viktor Wanda Yusuf Zeynep Amir Bea Chen Dora Emil Femke Gita Hiro Ivo Jana Kofi Luis Mei Nils Oskar Priya Raj Sofia Tariq Uwe'
).split(' ')

export const LAST_NAMES = (
  'Aalto Bakker Costa Dubois Eriksen Fischer Garcia Hansen Ivanov Jansen Kowalski Lindqvist Moreau Novak Okafor Petrov Quist Rossi ' +
  'Schmidt Tanaka Ueda Virtanen Weber Xu Yilmaz Zimmer Andersen Bauer Clarke Diaz Evans Ferrari Gomez Horvat Ito Jovanovic Kelly ' +
  'Larsen Meyer Nagy Olsen Popescu Rao Santos Taylor Usman Vogel Wilson Yamada Zanetti Abbas Brandt Chavez Doyle Engel Farkas Gupta ' +
  'Hughes Isaksen Jung Kim Lopez Marek Nielsen Ortiz Patel Romero Silva Tran Urban Visser Walker Young Zhou Singh Cook Murphy Keller Müller Gómez Yıldız Nuñez Šimić Øster'
).split(' ')

const STEMS = (
  'alder birch cedar delta ember fjord grove harbor indigo jasper kestrel lumen maple nimbus orchid pine quartz river summit tundra ' +
  'umbra valley willow yarrow zephyr atlas beacon cobalt drift eagle falcon glacier horizon iris juniper'
).split(' ')
const KINDS = ['', '-it', '-group', 'net', 'soft', 'tech', '-labs', 'mail', '-uni', 'works']

/** 360 mail domains; a few of them are large providers. */
export const DOMAINS: readonly string[] = STEMS.flatMap((stem) =>
  KINDS.map((kind) => `${stem}${kind}.example`)
)
export const PROVIDERS: readonly string[] = [
  'mail.example',
  'post.example',
  'kernel.example',
  'packages.example',
  'uni-berg.example',
  'radio.example',
  'hackerspace.example',
  'press.example'
]

const SYLLABLES = (
  'ba be bi bo da de di do fa fe ga go ha he ja jo ka ke ki ko la le li lo ma me mi mo na ne no pa pe pi ra re ri ro sa se si so ' +
  'ta te ti to va ve wa wo ya zo'
).split(' ')

/** Words of a dictionary that is nobody's, sorted as dictionaries are. */
export function wordAt(index: number): string {
  const size = SYLLABLES.length
  const at = ((index * 37) % size ** 3) + size ** 3
  const digits = [Math.floor(at / size ** 2) % size, Math.floor(at / size) % size, at % size]
  return digits.map((digit) => SYLLABLES[digit]).join('')
}
