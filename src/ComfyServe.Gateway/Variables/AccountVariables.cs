using System.Security.Cryptography;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Providers;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Variables;

/// <summary>
/// Environment variables that the account hands to every worker which a provider starts, as the hosted service's account
/// settings are. Values are encrypted at rest, each for its name alone, and leave only towards a worker.
/// </summary>
internal sealed partial class AccountVariables(VariableTable table, IDataProtectionProvider protection, TimeProvider time, ILogger<AccountVariables> logger)
{
    /// <summary>Names and times; no values.</summary>
    public async Task<IReadOnlyList<AccountVariableView>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await table.ReadAsync(cancellationToken)).Select(static v => new AccountVariableView { Name = v.Name, UpdatedAt = v.UpdatedAt })];

    /// <summary>Sets a variable whose name and value were checked; null if it would be one too many.</summary>
    public async Task<AccountVariableView?> SetAsync(string name, string value, CancellationToken cancellationToken)
    {
        var row = new VariableRow { Name = name, Value = Protector(name).Protect(value), UpdatedAt = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0 };
        if (!await table.SaveAsync(row, VariableRules.Most, cancellationToken))
        {
            return null;
        }

        Log.Set(logger, name);
        return new AccountVariableView { Name = name, UpdatedAt = row.UpdatedAt };
    }

    /// <summary>Removes a variable; false if there is none.</summary>
    public async Task<bool> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        var removed = await table.RemoveAsync(name, cancellationToken);
        if (removed)
        {
            Log.Removed(logger, name);
        }

        return removed;
    }

    /// <summary>Names and values, for a worker that is about to start.</summary>
    /// <exception cref="ProviderFailedException">A value cannot be decrypted: a worker without it would fail later, and nobody would know why.</exception>
    public async Task<IReadOnlyDictionary<string, string>> ForWorkerAsync(CancellationToken cancellationToken)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var row in await table.ReadAsync(cancellationToken))
        {
            try
            {
                variables[row.Name] = Protector(row.Name).Unprotect(row.Value);
            }
            catch (CryptographicException error)
            {
                throw new ProviderFailedException($"the account's variable '{row.Name}' cannot be decrypted: the key ring is another one than when it was set; bring the old one back, or set the variable again", error);
            }
        }

        return variables;
    }

    private IDataProtector Protector(string name) => protection.CreateProtector("ComfyServe.AccountVariable", name);

    private static partial class Log
    {
        [LoggerMessage(EventId = 4301, Level = LogLevel.Information, Message = "The account's variable '{Name}' was set; workers get it at their next start")]
        public static partial void Set(ILogger logger, string name);

        [LoggerMessage(EventId = 4302, Level = LogLevel.Information, Message = "The account's variable '{Name}' was removed; workers lose it at their next start")]
        public static partial void Removed(ILogger logger, string name);
    }
}
