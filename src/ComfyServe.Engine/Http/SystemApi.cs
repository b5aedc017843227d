using System.Globalization;
using ComfyServe.Contracts.Engine;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Engine.Http;

/// <summary><c>/system_stats</c> and <c>/features</c>: what this engine is.</summary>
internal sealed class SystemApi(EngineOptions options)
{
    /// <summary>The ComfyUI whose protocol this engine speaks.</summary>
    private const string ComfyUIVersion = "0.3.64";

    private static readonly string TensorLibrary = $"TorchSharp {typeof(TorchSharp.torch).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>What the engine can do.</summary>
    public EngineFeatures Features { get; } = new(SupportsPreviewMetadata: true, options.MaxUploadBytes);

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapBoth(HttpMethods.Get, "/system_stats", context => Reply.JsonAsync(context, Measure(), EngineJsonContext.Default.EngineSystemStats));
        routes.MapBoth(HttpMethods.Get, "/features", context => Reply.JsonAsync(context, Features, EngineJsonContext.Default.EngineFeatures));
    }

    private static EngineSystemStats Measure()
    {
        var (total, free) = Memory();
        return new EngineSystemStats(
            new EngineSystem
            {
                Os = OperatingSystem.IsWindows() ? "nt" : "posix",
                RamTotal = total,
                RamFree = free,
                ComfyUIVersion = ComfyUIVersion,
                RequiredFrontendVersion = "1.27.10",
                InstalledTemplatesVersion = "0.1.95",
                RequiredTemplatesVersion = "0.1.95",
                PythonVersion = $".NET {Environment.Version}",
                PytorchVersion = TensorLibrary,
                EmbeddedPython = false,
                Arguments = Environment.GetCommandLineArgs()[..1],
            },
            [new EngineDevice("cpu", "cpu", null, total, free, total, free)]);
    }

    /// <summary>Bytes of memory in all, and those that programs can still get.</summary>
    private static (long Total, long Free) Memory()
    {
        const string Source = "/proc/meminfo";
        if (!File.Exists(Source))
        {
            var collector = GC.GetGCMemoryInfo();
            return (collector.TotalAvailableMemoryBytes, Math.Max(0, collector.TotalAvailableMemoryBytes - collector.MemoryLoadBytes));
        }

        var lines = File.ReadLines(Source).Select(l => l.Split(':', 2)).Where(l => l.Length == 2).ToDictionary(l => l[0], l => l[1], StringComparer.Ordinal);
        return (Read("MemTotal"), Read("MemAvailable"));

        long Read(string name) => lines.TryGetValue(name, out var text) && long.TryParse(text.Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture, out var kilobytes)
            ? kilobytes << 10
            : 0;
    }
}
