using System.Diagnostics;

namespace ComfyServe.Testing.Storage;

/// <summary>A server that somebody else wrote, as a process with a folder of its own: what it writes is thrown away, and it ends with its folder.</summary>
/// <param name="process">The process, which was started with both outputs redirected.</param>
/// <param name="folder">Its folder.</param>
internal sealed class ServerProcess(Process process, string folder) : IAsyncDisposable
{
    /// <summary>Starts it.</summary>
    public static ServerProcess Start(ProcessStartInfo start, string folder)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError, start.UseShellExecute) = (true, true, false);
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ServerProcess(process, folder);
    }

    /// <summary>Waits until a URL answers as it should.</summary>
    public async Task ReadyAsync(string url, Func<HttpResponseMessage, bool> isReady)
    {
        using var http = new HttpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(url, patience.Token);
                if (isReady(answer))
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                // It does not listen yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, patience.Token);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
