using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Benchmark;

/// <summary>
/// The file <c>.has_benchmark</c>: its first line is the result, as the original writes and reads it; a second line of ours
/// says which machine and workflow it belongs to.
/// </summary>
internal sealed partial class BenchmarkFile(WorkerOptions options, ILogger<BenchmarkFile> logger)
{
    private readonly string _path = Path.Combine(options.Folder, ".has_benchmark");

    /// <summary>The stored result, if there is one that can be read.</summary>
    public BenchmarkRecord? Read()
    {
        try
        {
            if (!File.Exists(_path))
            {
                return null;
            }

            var lines = File.ReadLines(_path).Take(2).ToArray();
            if (lines.Length == 0 || !double.TryParse(lines[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var perf) || !double.IsFinite(perf) || perf <= 0)
            {
                Log.Unreadable(logger, _path, "its first line is no number above 0");
                return null;
            }

            var ours = lines.Length > 1 ? JsonNode.Parse(lines[1]) as JsonObject : null;
            return new BenchmarkRecord { Perf = perf, Machine = (string?)ours?["machine"], Workflow = (string?)ours?["workflow"] };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            Log.Unreadable(logger, _path, error.Message);
            return null;
        }
    }

    /// <summary>Stores a result; where that fails, the worker only measures again at its next start.</summary>
    public void Write(BenchmarkRecord record, string workflowName)
    {
        var ours = new JsonObject { ["machine"] = record.Machine, ["workflow"] = record.Workflow, ["name"] = workflowName };
        var written = _path + ".new";
        try
        {
            File.WriteAllText(written, $"{record.Perf.ToString("R", CultureInfo.InvariantCulture)}\n{ours.ToJsonString()}\n");
            File.Move(written, _path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.Unwritable(logger, _path, error.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5111, LogLevel.Warning, "'{Path}' is ignored: {Reason}")]
        public static partial void Unreadable(ILogger logger, string path, string reason);

        [LoggerMessage(5112, LogLevel.Warning, "'{Path}' could not be written, so the next start measures again: {Reason}")]
        public static partial void Unwritable(ILogger logger, string path, string reason);
    }
}
