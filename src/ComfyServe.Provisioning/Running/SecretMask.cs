using System.Collections;

namespace ComfyServe.Provisioning.Running;

/// <summary>Hides the values of secret variables in the output of commands.</summary>
internal sealed class SecretMask
{
    private const int Shortest = 6;
    private static readonly string[] Endings = ["TOKEN", "SECRET", "PASSWORD", "KEY", "KEY_ID", "CREDENTIALS"];
    private readonly string[] _values;

    /// <summary>Takes the values of all variables whose names say that they are secret.</summary>
    public SecretMask(IEnumerable<KeyValuePair<string, string>> variables) =>
        _values = [.. variables.Where(v => IsSecret(v.Key) && v.Value.Length >= Shortest).Select(v => v.Value).Distinct(StringComparer.Ordinal).OrderByDescending(v => v.Length)];

    /// <summary>Of this process's environment, and of more variables.</summary>
    public static SecretMask OfEnvironment(params IEnumerable<KeyValuePair<string, string>> more) =>
        new(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(static v => KeyValuePair.Create((string)v.Key, (string?)v.Value ?? "")).Concat(more));

    /// <summary>Whether a variable's name says that its value is a secret.</summary>
    public static bool IsSecret(string name) => Endings.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase));

    /// <summary>The text with <c>***</c> in place of each secret.</summary>
    public string Hide(string text)
    {
        foreach (var value in _values)
        {
            text = text.Replace(value, "***", StringComparison.Ordinal);
        }

        return text;
    }
}
