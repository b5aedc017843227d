using System.Text;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Gateway.Variables;

/// <summary>Which variables an account may hand to its workers. The bounds keep all of them well below what a process may be given.</summary>
internal static class VariableRules
{
    /// <summary>Most variables of the account.</summary>
    public const int Most = 64;

    /// <summary>Largest value, bytes of UTF-8.</summary>
    public const int LargestValue = 16 << 10;

    private const int LongestName = 128;

    /// <summary>Who a worker is, and what is none of its business.</summary>
    private static readonly string[] Reserved =
    [
        "CONTAINER_ID", "MASTER_TOKEN", "REPORT_ADDR", "SERVERLESS", "WORKER_PORT", "COMFYSERVE_ENDPOINT", "COMFYSERVE_SLOT", "COMFYSERVE_TEMPLATE_VERSION",
        .. WithheldVariables.Names,
    ];

    /// <summary>All mistakes in a variable.</summary>
    public static IReadOnlyList<string> Mistakes(string name, string? value)
    {
        List<string> mistakes = [];
        if (!IsName(name))
        {
            mistakes.Add($"A variable's name wants up to {LongestName} letters, digits and '_', with no digit first");
        }
        else if (Reserved.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            mistakes.Add($"'{name}' is not yours to set: the gateway gives it to each worker, or keeps it from all");
        }

        if (value is null)
        {
            mistakes.Add("'value' is missing: send {\"value\": \"…\"}");
        }
        else if (Encoding.UTF8.GetByteCount(value) > LargestValue)
        {
            mistakes.Add($"'value' wants at most {LargestValue} bytes but has {Encoding.UTF8.GetByteCount(value)}; put large things into a file that provisioning fetches");
        }
        else if (value.Contains('\0', StringComparison.Ordinal))
        {
            mistakes.Add("'value' has a zero character, which no environment variable can hold");
        }

        return mistakes;
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && !char.IsAsciiDigit(name[0]) && name.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
