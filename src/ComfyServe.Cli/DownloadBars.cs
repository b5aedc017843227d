using System.Collections.Concurrent;
using ComfyServe.Provisioning.Downloads;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary>A bar for each running download; where the output is no terminal, nothing.</summary>
internal sealed class DownloadBars(ProgressContext context) : IProgress<DownloadProgress>
{
    private readonly ConcurrentDictionary<DownloadRequest, ProgressTask> _bars = new();

    /// <summary>Shows bars while something runs.</summary>
    public static async Task<T> ShowAsync<T>(Func<IProgress<DownloadProgress>?, Task<T>> run)
    {
        if (!AnsiConsole.Profile.Capabilities.Interactive || Console.IsErrorRedirected)
        {
            return await run(null);
        }

        return await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(context => run(new DownloadBars(context)));
    }

    /// <inheritdoc/>
    public void Report(DownloadProgress value)
    {
        var bar = _bars.GetOrAdd(value.Request, static (_, arg) => arg.context.AddTask(Markup.Escape(arg.value.Name)), (context, value));
        bar.IsIndeterminate = value.Total is null;
        bar.MaxValue = value.Total ?? Math.Max(bar.MaxValue, value.Received);
        bar.Value = value.Received;
    }
}
