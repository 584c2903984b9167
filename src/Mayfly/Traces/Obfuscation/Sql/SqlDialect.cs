namespace Mayfly.Traces.Obfuscation.Sql;

/// <summary>Whose SQL it is: the tag <c>db.type</c>. Only what the lexer treats differently has a name.</summary>
internal enum SqlDialect
{
    /// <summary>Oracle and MySQL too.</summary>
    Generic,
    SqlServer,
    PostgreSql,
}
