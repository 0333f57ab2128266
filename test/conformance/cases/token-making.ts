import { expect } from 'vitest'
import { type Case, E1 } from '../case'
import { create } from '../token-step'

const TTL_WARNING = expect.stringContaining('exceeded the effective max_ttl')

/** Making tokens: which policies, ttls and types they get, and who may make which. */
export const TOKEN_MAKING: readonly Case[] = [
  {
    id: 'T1',
    name: 'makes no token with more policies than its maker',
    steps: [
      create({ policies: ['app', 'plain'], no_default_policy: true }),
      {
        send: 'POST auth/token/create',
        as: '$token',
        body: { policies: ['root'] },
        status: 400,
        errors: ['child policies must be subset of parent'],
      },
      {
        send: 'POST auth/token/create',
        as: '$token',
        body: { policies: ['min'] },
        status: 400,
        errors: ['child policies must be subset of parent'],
      },
      create({ policies: ['mk'] }),
      create({ policies: ['min'] }, { as: '$token', keep: {} }),
      {
        send: 'POST auth/token/create',
        as: '$token',
        body: { policies: ['root'] },
        status: 400,
        errors: ['root tokens may not be created without parent token being root'],
      },
      { send: 'POST auth/token/create', as: '$app', status: 403, errors: [E1('permission denied')] },
    ],
  },
  {
    id: 'T2',
    name: 'inherits the policies, and says which do not exist',
    steps: [
      create({ policies: ['app', 'mk'] }),
      create({}, { as: '$token', answer: { auth: { policies: ['app', 'default', 'mk'], orphan: false } } }),
      create({ policies: ['never-written'] }, { warnings: ['Policy "never-written" does not exist'] }),
    ],
  },
  {
    id: 'T7',
    name: 'makes tokens as a token role says',
    steps: [
      { send: 'POST auth/token/roles/made', body: { allowed_policies: 'app', orphan: true, token_period: 40 }, status: 204 },
      {
        send: 'POST auth/token/roles/suffixed',
        body: { path_suffix: 'a b' },
        status: 400,
        errors: [String.raw`given role path suffix contains invalid characters; must match \w[\w-.]+\w`],
      },
      { send: 'GET auth/token/roles/suffixed', status: 404 },
      { send: 'POST auth/token/roles/suffixed', body: { path_suffix: 'abc d' }, status: 204 },
      {
        send: 'GET auth/token/roles/made',
        status: 200,
        answer: { data: { name: 'made', orphan: true, token_period: 40, renewable: true } },
      },
      {
        send: 'POST auth/token/create/made',
        body: { policies: ['app'] },
        status: 200,
        answer: { auth: { orphan: true, lease_duration: 40 } },
      },
      { send: 'POST auth/token/create/made', body: { policies: ['min'] }, status: 400 },
      { send: 'LIST auth/token/roles', status: 200, answer: { data: { keys: expect.arrayContaining(['made']) } } },
      { send: 'DELETE auth/token/roles/made', status: 204 },
      { send: 'POST auth/token/create/made', status: 400, errors: ['unknown role made'] },
    ],
  },
  {
    id: 'T8',
    name: 'caps a token by its explicit maximum',
    steps: [
      create({ ttl: 60, explicit_max_ttl: 30 }, { answer: { auth: { lease_duration: 30 } } }),
      { send: 'GET auth/token/lookup-self', as: '$token', status: 200, answer: { data: { explicit_max_ttl: 30 } } },
    ],
  },
  {
    id: 'T11',
    name: 'makes periodic and orphan tokens, and tokens with an id, for whom may do anything',
    steps: [
      create({ policies: ['app', 'plain'] }),
      {
        send: 'POST auth/token/create',
        as: '$token',
        body: { period: 5 },
        status: 400,
        errors: ['root or sudo privileges required to create periodic token'],
      },
      {
        send: 'POST auth/token/create',
        as: '$token',
        body: { no_parent: true },
        status: 400,
        errors: ['root or sudo privileges required to create orphan token'],
      },
      {
        send: 'POST auth/token/create',
        as: '$token',
        body: { id: 'mine' },
        status: 400,
        errors: ['root or sudo privileges required to specify token id'],
      },
      create({ no_parent: true }, { answer: { auth: { orphan: true } } }),
      { send: 'POST auth/token/create-orphan', as: '$app', status: 403, errors: [E1('permission denied')] },
    ],
  },
  {
    id: 'T12',
    name: 'warns of a ttl past the maximum, and refuses types and durations that are none',
    steps: [
      create({ ttl: '1000h' }, { answer: { auth: { lease_duration: 2_764_800 } }, warnings: [TTL_WARNING] }),
      { send: 'POST auth/token/create', body: { type: 'nonsense' }, status: 400, errors: [expect.any(String)] },
      { send: 'POST auth/token/create', body: { ttl: 'nonsense' }, status: 400, errors: [expect.any(String)] },
      { send: 'POST auth/token/create', body: { ttl: '-1s' }, status: 400, errors: [expect.any(String)] },
    ],
  },
  {
    id: 'T13',
    name: 'refuses an entity alias but with a token role',
    steps: [
      {
        send: 'POST auth/token/create',
        body: { entity_alias: 'a' },
        status: 400,
        errors: ["'entity_alias' is only allowed in combination with token role"],
      },
    ],
  },
]
