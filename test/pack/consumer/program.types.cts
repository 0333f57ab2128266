// The same for a CommonJS module.
import core = require('@leasepool/core')
import mysqlAdapter = require('@leasepool/mysql2-adapter')
import pgAdapter = require('@leasepool/pg-adapter')
import mysql = require('mysql2')
import promised = require('mysql2/promise')
import pg = require('pg')

declare const credentials: core.LeasedCredentials

const pgPool: pg.Pool = new pgAdapter.LeasedPool({ database: 'app' }, credentials)
const callbackPool: mysql.Pool = mysqlAdapter.leasedPool(mysql.createPool({ database: 'app' }), credentials)
const promisePool: promised.Pool = mysqlAdapter.leasedPool(promised.createPool({ database: 'app' }), credentials)
const cluster: mysql.PoolCluster = mysqlAdapter.leasedPoolCluster(mysql.createPoolCluster(), credentials)
const promiseCluster: promised.PoolCluster = mysqlAdapter.leasedPoolCluster(promised.createPoolCluster(), credentials)

export = { pgPool, callbackPool, promisePool, cluster, promiseCluster }
