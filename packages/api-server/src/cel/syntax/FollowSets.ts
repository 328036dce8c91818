/** Which words may stand where: what an expression can begin with, and what may follow each of its parts. */
import type { Follow } from "./SyntaxReader.ts"
import type { TokenKind } from "./Tokens.ts"

/** A set of words; with `follow` one that must come, with `orEnd` one that may come unless the text ends. */
export const kinds = (...all: ReadonlyArray<TokenKind>): ReadonlySet<TokenKind> => new Set(all)
export const follow = (...all: ReadonlyArray<TokenKind>): Follow => ({ kinds: kinds(...all), mayEnd: false })
export const orEnd = (...all: ReadonlyArray<TokenKind>): Follow => ({ kinds: kinds(...all), mayEnd: true })

/** Words that parts of an expression begin with, and that may follow them. */
export const literals = kinds("'-'", "'true'", "'false'", "'null'", "NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING", "BYTES")
export const primaries = kinds("'['", "'{'", "'('", "'.'", "IDENTIFIER", ...literals)
export const operands = kinds("'!'", ...primaries)
export const relations = kinds("'<'", "'<='", "'>='", "'>'", "'=='", "'!='", "'in'")
export const sums = kinds("'+'", "'-'")
export const products = kinds("'*'", "'/'", "'%'")
export const names = kinds("IDENTIFIER", "ESC_IDENTIFIER")
export const afterAll = follow("<EOF>")
export const afterCondition = orEnd("'?'")
export const afterYes = follow("':'")
export const afterAnd = orEnd("'||'")
export const afterRelation = orEnd("'&&'")
export const afterCalc = orEnd(...relations)
export const afterUnary = orEnd(...products, ...sums)
export const afterOperand = orEnd()
export const afterPrimary = orEnd("'.'", "'['")
export const afterArguments = follow("')'")
export const afterIndex = follow("']'")
export const afterItems = follow("','", "']'")
export const afterEntries = follow("','", "'}'")
export const afterItem = orEnd("','")
export const afterKey = follow("':'")
export const thenExpression = { kinds: operands, mayEnd: false }
export const inArguments = kinds("')'", ...operands)
export const inList = kinds("'?'", "','", "']'", ...operands)
export const endOfList = kinds("','", "']'")
export const inMap = kinds("'?'", "','", "'}'", ...operands)
export const endOfMap = kinds("','", "'}'")
export const inStruct = kinds("'?'", "','", "'}'", ...names)
export const inIndex = kinds("'?'", ...operands)
