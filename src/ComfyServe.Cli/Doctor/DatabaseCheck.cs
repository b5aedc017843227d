using System.Net.Sockets;
using Npgsql;

namespace ComfyServe.Cli.Doctor;

/// <summary>Whether the database of a cluster answers, and has our time.</summary>
internal static class DatabaseCheck
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(string? connection, TimeProvider time, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(connection))
        {
            return [new("database", FindingLevel.NotUsed, "no COMFYSERVE_DATABASE: one gateway keeps its state in a file")];
        }

        try
        {
            var settings = new NpgsqlConnectionStringBuilder(connection) { Timeout = 10, CommandTimeout = 10 };
            await using var database = new NpgsqlConnection(settings.ConnectionString);
            await database.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand("select now()", database);
            var now = (DateTime)(await command.ExecuteScalarAsync(cancellationToken))!;
            return
            [
                database.PostgreSqlVersion < new Version(13, 0)
                    ? new("database", FindingLevel.Problem, $"PostgreSQL {database.PostgreSqlVersion}", "use PostgreSQL 13 or newer")
                    : new("database", FindingLevel.Ok, $"PostgreSQL {database.PostgreSqlVersion} answers"),
                ClockCheck.Compare("the database", new DateTimeOffset(now.ToUniversalTime()), time.GetUtcNow(), TimeSpan.FromSeconds(5), "leases of jobs expire by time"),
            ];
        }
        catch (Exception exception) when (exception is NpgsqlException or SocketException or ArgumentException or TimeoutException)
        {
            return [new("database", FindingLevel.Problem, $"the database does not answer: {exception.Message}", "check COMFYSERVE_DATABASE ('Host=…;Username=…;Password=…;Database=…'), and that PostgreSQL accepts this machine (pg_hba.conf)")];
        }
    }
}
