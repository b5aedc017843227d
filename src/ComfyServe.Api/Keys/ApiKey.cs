using System.Security.Cryptography;
using System.Text;

namespace ComfyServe.Api.Keys;

/// <summary>A key that callers show; only its hash is kept.</summary>
public sealed class ApiKey
{
    private const string HashPrefix = "sha256$";

    private readonly byte[] _hash;

    private ApiKey(string name, byte[] hash, bool mayRun)
    {
        Name = name;
        _hash = hash;
        MayRun = mayRun;
    }

    /// <summary>Whose key it is: its jobs can only be seen with it.</summary>
    public string Name { get; }

    /// <summary>Whether it may run and cancel workflows, or only look.</summary>
    public bool MayRun { get; }

    /// <summary>Reads <c>NAME:KEY</c> or <c>NAME:sha256$HEX</c>, with <c>:read</c> or <c>:run</c> after it.</summary>
    /// <exception cref="FormatException">It has another form.</exception>
    public static ApiKey Parse(string text)
    {
        const string Form = "keys like 'NAME:KEY' or 'NAME:sha256$HEX', with ':read' after one that may not run anything; a KEY has at least 16 characters";
        var parts = text.Split(':');
        if (parts.Length is < 2 or > 3 || parts[0].Length == 0 || (parts.Length == 3 && parts[2] is not ("read" or "run")))
        {
            throw new FormatException(Form);
        }

        var mayRun = parts.Length == 2 || parts[2] == "run";
        if (!parts[1].StartsWith(HashPrefix, StringComparison.Ordinal))
        {
            return parts[1].Length >= 16 ? new(parts[0], Hash(parts[1]), mayRun) : throw new FormatException(Form);
        }

        var hex = parts[1][HashPrefix.Length..];
        return hex.Length == 64 && hex.All(char.IsAsciiHexDigit) ? new(parts[0], Convert.FromHexString(hex), mayRun) : throw new FormatException(Form);
    }

    /// <summary>Whether <paramref name="shown"/> is this key; takes the same time either way.</summary>
    public bool Matches(string shown) => CryptographicOperations.FixedTimeEquals(_hash, Hash(shown));

    /// <summary>Hides the hash.</summary>
    public override string ToString() => Name;

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
