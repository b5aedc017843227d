using System.Text.Json;
using Dapper;

namespace ComfyServe.Gateway.Storage;

/// <summary>
/// Which gateways form the cluster, in the store that they share. Each change raises one version under which it was decided, so that
/// of two gateways that decide at the same time one must look again (extended virtual synchrony, as Orleans asks for).
/// </summary>
internal sealed class MembershipTable(GatewayDatabase database) : IMembershipTable
{
    private const string Schema =
        """
        CREATE TABLE IF NOT EXISTS gateway_membership (id INTEGER PRIMARY KEY, version BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS gateway_silos (address TEXT PRIMARY KEY, etag BIGINT NOT NULL, entry TEXT NOT NULL, alive_at BIGINT NOT NULL);
        INSERT INTO gateway_membership (id, version) VALUES (1, 0) ON CONFLICT (id) DO NOTHING;
        """;

    private const string Columns = "SELECT address, etag, entry, alive_at FROM gateway_silos";

    /// <inheritdoc/>
    public async Task InitializeMembershipTable(bool tryInitTableVersion)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        if (database.IsShared)
        {
            await connection.ExecuteAsync("SELECT pg_advisory_lock(4208080)");
        }

        await connection.ExecuteAsync(Schema);
        if (database.IsShared)
        {
            await connection.ExecuteAsync("SELECT pg_advisory_unlock(4208080)");
        }
    }

    /// <inheritdoc/>
    public Task DeleteMembershipTableEntries(string clusterId) => ExecuteAsync("DELETE FROM gateway_silos", new { });

    /// <inheritdoc/>
    public async Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate)
    {
        var dead = (await ReadAsync("", new { })).Members.Where(m => m.Item1.Status == SiloStatus.Dead && m.Item1.IAmAliveTime < beforeDate.UtcDateTime);
        foreach (var (entry, _) in dead)
        {
            await ExecuteAsync("DELETE FROM gateway_silos WHERE address = @address", new { address = entry.SiloAddress.ToParsableString() });
        }
    }

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadAsync(" WHERE address = @address", new { address = key.ToParsableString() });

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadAll() => ReadAsync("", new { });

    /// <inheritdoc/>
    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => ChangeAsync(
        "INSERT INTO gateway_silos (address, etag, entry, alive_at) VALUES (@address, 1, @entry, @alive) ON CONFLICT (address) DO NOTHING", entry, 0, tableVersion);

    /// <inheritdoc/>
    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => ChangeAsync(
        "UPDATE gateway_silos SET etag = etag + 1, entry = @entry, alive_at = @alive WHERE address = @address AND etag = @etag",
        entry, long.Parse(etag, System.Globalization.CultureInfo.InvariantCulture), tableVersion);

    /// <inheritdoc/>
    public Task UpdateIAmAlive(MembershipEntry entry) => ExecuteAsync(
        "UPDATE gateway_silos SET alive_at = @alive WHERE address = @address", new { address = entry.SiloAddress.ToParsableString(), alive = entry.IAmAliveTime.Ticks });

    private async Task<bool> ChangeAsync(string sql, MembershipEntry entry, long etag, TableVersion version)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync();
        var before = long.Parse(version.VersionEtag, System.Globalization.CultureInfo.InvariantCulture);
        var values = new
        {
            address = entry.SiloAddress.ToParsableString(),
            entry = JsonSerializer.Serialize(SiloRow.Of(entry), StoreJson.Default.SiloRow),
            alive = entry.IAmAliveTime.Ticks,
            etag,
            before,
            after = (long)version.Version,
        };
        if (await connection.ExecuteAsync("UPDATE gateway_membership SET version = @after WHERE id = 1 AND version = @before", values, transaction) == 0
            || await connection.ExecuteAsync(sql, values, transaction) == 0)
        {
            return false; // not committed: somebody else decided first
        }

        await transaction.CommitAsync();
        return true;
    }

    private async Task<MembershipTableData> ReadAsync(string where, object values)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);

        // One statement, so that rows and version belong together.
        var rows = await connection.QueryAsync<(string? Address, long? Etag, string? Entry, long? AliveAt, long Version)>(
            $"SELECT s.address, s.etag, s.entry, s.alive_at, m.version FROM gateway_membership m LEFT JOIN ({Columns}{where}) s ON 1 = 1 WHERE m.id = 1", values);
        var all = rows.ToList();
        var version = all[0].Version;
        return new MembershipTableData(
            [.. all.Where(r => r.Address is not null).Select(r => Tuple.Create(
                JsonSerializer.Deserialize(r.Entry!, StoreJson.Default.SiloRow)!.Entry(r.Address!, r.AliveAt!.Value),
                r.Etag!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)))],
            new TableVersion((int)version, version.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    private async Task ExecuteAsync(string sql, object values)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync(sql, values);
    }
}
