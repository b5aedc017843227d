using ComfyServe.Gateway.Storage;
using Dapper;

namespace ComfyServe.Gateway.Variables;

/// <summary>Where the account's variables are kept: names in clear, values encrypted.</summary>
internal sealed class VariableTable(GatewayDatabase database)
{
    /// <summary>All variables, by name.</summary>
    public async Task<IReadOnlyList<VariableRow>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<(string Name, string Value, double UpdatedAt)>("SELECT name, value, updated_at FROM gateway_variables ORDER BY name");
        return [.. rows.Select(static r => new VariableRow { Name = r.Name, Value = r.Value, UpdatedAt = r.UpdatedAt })];
    }

    /// <summary>Adds or changes a variable; false if it would be one too many.</summary>
    public async Task<bool> SaveAsync(VariableRow variable, int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteAsync(
            """
            INSERT INTO gateway_variables (name, value, updated_at)
            SELECT @Name, @Value, @UpdatedAt WHERE (SELECT COUNT(*) FROM gateway_variables WHERE name <> @Name) < @most
            ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
            """,
            new { variable.Name, variable.Value, variable.UpdatedAt, most }) > 0;
    }

    /// <summary>Removes a variable; false if there is none.</summary>
    public async Task<bool> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteAsync("DELETE FROM gateway_variables WHERE name = @name", new { name }) > 0;
    }
}
