/** Databases, search engines, queues: what their clients are told to do. */
import type { Rule } from "../rule.ts";

const SQL =
  "psql|mysql|mariadb|sqlite3|sqlcmd|sqlplus|clickhouse-client|clickhouse|duckdb|cqlsh|bq|influx|trino|presto|snowsql|usql|pgcli|mycli|litecli|cockroach|isql|ksql|hive|beeline|spark-sql|athena|sqlx|dbmate|mongo|mongosh|couchbase-cli|cbq|arangosh|cypher-shell|neo4j-admin|surreal|libsql|turso";

export const DATABASES: readonly Rule[] = [
  {
    id: "databases.destroy",
    when: [
      `${SQL} %/\\b(?:drop|truncate|detach)\\s+(?:table|database|schema|index|view|user|role|owned|tablespace|keyspace|collection|column|function|trigger|sequence|materialized|external|type|if)\\b|\\btruncate\\s+\\w|\\bdelete\\s+from\\b|\\balter\\s+(?:table|database|user|role|system)\\b|\\bupdate\\s+[\\w."\`]+\\s+set\\b|\\breplace\\s+into\\b|\\bvacuum\\s+full\\b|\\bpg_terminate_backend|\\bpurge\\s+binary|\\breset\\s+(?:master|slave|replica)/`,
      `${SQL} %/\\.(?:drop|dropDatabase|dropIndex\\w*|dropUser|deleteMany|deleteOne|remove|findOneAndDelete|updateMany|replaceOne|renameCollection|shutdownServer|dropAllUsers|dropRole|compact|truncate)\\s*\\(/`,
      "dropdb|dropuser|droplang|pg_dropcluster|pg_resetwal|pg_resetxlog|mysql_install_db|initdb|pg_upgrade|pg_ctl|pg_ctlcluster|mysqld_safe|mysqlcheck|myisamchk|pg_repack|reindexdb|vacuumdb|clusterdb",
      "mysqladmin drop|shutdown|flush-hosts|flush-logs|flush-tables|flush-privileges|kill|password|create|reload|refresh|stop-slave|stop-replica|debug",
      "redis-cli|valkey-cli|keydb-cli flushall|flushdb|del|unlink|shutdown|config|debug|slaveof|replicaof|script|eval|evalsha|migrate|restore|rename|expire|cluster|failover|bgrewriteaof|swapdb|acl|module|function|set|getdel|xdel|xtrim|ltrim|lrem|spop|srem|zrem|hdel|save",
      "etcdctl del|defrag|compact|snapshot|member|role|user|auth|move-leader|alarm|lease|put|txn",
      "rethinkdb|influx|influxd delete|drop|restore|rm",
      "rails|rake|bundle|artisan|php|python|python3|manage.py|npx|prisma|sequelize|alembic|flyway|liquibase|knex|typeorm|dbmate|goose|migrate|diesel|sqlx|mix|ecto|django-admin|flask|doctrine %/^(?:db:(?:drop|reset|migrate:reset|purge|schema:load|setup|rollback|truncate_all|seed:replant)|migrate:(?:fresh|reset|refresh|rollback)|db:wipe|flush|sqlflush|reset_db|drop-all|dropAll|downgrade|clean|undo|down|reset|ecto\\.(?:drop|reset|rollback)|migrate\\s+zero|database\\s+drop|schema:drop)$/",
      "supabase db reset",
      "prisma|npx migrate reset",
      "prisma|npx %/^(?:--force-reset|--accept-data-loss)$/",
    ],
    unless: [
      "redis-cli config|acl|cluster|script|module|function get|list|info|whoami|slots|nodes|exists",
      "etcdctl member list",
      "etcdctl snapshot status",
      "pg_ctl|pg_ctlcluster status",
    ],
    level: "CRITICAL",
    axes: ["destructive"],
    text: "changes or deletes what is in a database",
    safer: "in a transaction that is rolled back first, or select the same rows",
    match: [
      "psql -c 'DROP TABLE users'",
      "mysql -e 'delete from x'",
      "redis-cli flushall",
      "dropdb prod",
      "mongosh --eval 'db.dropDatabase()'",
    ],
    noMatch: ["psql -c 'select 1'", "redis-cli ping"],
  },
  {
    id: "databases.dump",
    when: [
      "pg_dump|pg_dumpall|mysqldump|mariadb-dump|mongodump|mongoexport|redis-dump|pg_basebackup|mysqlpump|mydumper|exp|expdp|xtrabackup|mariabackup",
      "sqlite3 %/\\.(?:dump|backup|clone|save|output|once|excel|import|restore|read|load)/",
      `${SQL} %/\\bcopy\\b.*\\b(?:to|from)\\b|\\binto\\s+(?:outfile|dumpfile)\\b|\\bload_file\\s*\\(|\\bload\\s+data\\b|\\bpg_read_file|\\blo_(?:export|import)|\\bxp_cmdshell|\\bpg_(?:shadow|authid)|mysql\\.user|\\\\copy/`,
      "redis-cli --rdb|--pipe|--eval",
    ],
    level: "CAUTION",
    axes: ["exfiltration"],
    text: "carries a whole database, or files of its server, in or out",
    match: ["pg_dump prod", "mysqldump --all-databases", "psql -c \"COPY x TO '/tmp/x'\""],
    noMatch: ["psql -l"],
  },
  {
    id: "databases.restore",
    when: [
      "pg_restore|mongorestore|mongoimport|mysqlimport|impdp|imp|mysqlbinlog|pgloader|redis-load",
    ],
    level: "CRITICAL",
    axes: ["destructive"],
    text: "loads data over what is in a database",
    match: ["pg_restore -d prod x", "mongorestore --drop x"],
    noMatch: ["pg_dump x"],
  },
  {
    id: "databases.queues-delete",
    when: [
      "kafka-topics|kafka-configs|kafka-acls|kafka-consumer-groups|kafka-topics.sh|kafka-configs.sh|kafka-acls.sh|kafka-consumer-groups.sh|kafka-streams-application-reset --delete|--remove|--alter|--delete-offsets|--reset-offsets|--delete-config",
      "kafka-delete-records|kafka-delete-records.sh|kafka-reassign-partitions|kafka-reassign-partitions.sh|kafka-leader-election|kafka-storage|kafka-features|kafka-server-stop|kafka-transactions|zkCli.sh|zookeeper-shell",
      "rabbitmqctl @/^(?:delete|clear|purge|reset|force|stop|shutdown|remove|set|change|add|rename|forget|restart|rotate|close|await|eval|enable|disable|join|sync|cancel|trace|start|import|restore)(?:_\\w+)?$/",
      "rabbitmqadmin delete|purge|close|import|declare|publish|get",
      "rabbitmq-plugins enable|disable|set",
      "nats stream|str|s|consumer|con|kv|object|obj|bucket|account|server|context|service|auth|micro rm|delete|del|purge|rmm|edit|restore|seal|add|put|create|update|remove|cluster|backup|watch|reload|request",
      "celery purge|control|amqp|migrate",
      "sidekiqctl|resque|rq|beanstalkc|mosquitto_ctrl|activemq|pulsar-admin|redpanda|rpk delete|quiet|stop|empty|purge|clear|topics|namespaces|tenants|topic|cluster|remove",
      "curl @/(?:_all|\\/_delete|\\/_close|_snapshot|_forcemerge)/ %/^-X/",
    ],
    unless: [
      "rabbitmqctl @/^(?:list|status|cluster_status)/",
      "rpk topic list|describe",
      "pulsar-admin topics|namespaces|tenants list|stats",
    ],
    level: "CRITICAL",
    axes: ["destructive"],
    text: "deletes or changes queues, topics, streams or who may use them",
    match: [
      "kafka-topics --bootstrap-server x --delete --topic t",
      "rabbitmqctl delete_user x",
      "nats stream purge ORDERS",
    ],
    noMatch: ["kafka-topics --list", "rabbitmqctl list_users", "nats stream ls"],
  },
];
