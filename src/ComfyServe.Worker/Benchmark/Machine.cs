using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ComfyServe.Worker.Benchmark;

/// <summary>What of a machine makes it fast or slow: processor, memory, and the devices and versions that its engines name.</summary>
internal static class Machine
{
    private static readonly string[] Versions = ["comfyui_version", "pytorch_version"];

    /// <summary>A text that changes when the machine does.</summary>
    /// <param name="health">The API service's answer to <c>/health</c>.</param>
    public static string Identity(ReadOnlyMemory<byte> health)
    {
        var parts = new List<string>
        {
            Processor(),
            $"{Environment.ProcessorCount} processors",
            $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB",
        };
        try
        {
            using var document = JsonDocument.Parse(health);
            Collect(document.RootElement, parts, depth: 0);
        }
        catch (JsonException)
        {
            // The original's answer need not be JSON: processor and memory must do.
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));
    }

    private static string Processor()
    {
        const string Source = "/proc/cpuinfo";
        return File.Exists(Source)
            ? File.ReadLines(Source).FirstOrDefault(static l => l.StartsWith("model name", StringComparison.Ordinal)) ?? "unknown"
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unknown";
    }

    // Engines answer /system_stats with devices and versions; where the API service puts that is its own affair.
    private static void Collect(JsonElement element, List<string> parts, int depth)
    {
        if (depth > 6)
        {
            return;
        }

        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                Collect(item, parts, depth + 1);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in element.EnumerateObject())
            {
                if (member.Value.ValueKind == JsonValueKind.String && Versions.Contains(member.Name))
                {
                    parts.Add(member.Value.GetString()!);
                }
                else if (member.NameEquals("devices") && member.Value.ValueKind == JsonValueKind.Array)
                {
                    parts.AddRange(member.Value.EnumerateArray().Where(static d => d.ValueKind == JsonValueKind.Object && d.TryGetProperty("name", out _)).Select(static d => d.GetProperty("name").ToString()));
                }
                else
                {
                    Collect(member.Value, parts, depth + 1);
                }
            }
        }
    }
}
