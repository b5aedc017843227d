using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Testing.Browsers;

/// <summary>One page in a headless Chromium of its own, driven over its debugging protocol. Disposing ends the browser.</summary>
public sealed class BrowserPage : IAsyncDisposable
{
    private static readonly string[] Programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private readonly Process _process;
    private readonly DirectoryInfo _profile;
    private readonly ClientWebSocket _socket = new();
    private readonly List<string> _errors = [];
    private int _lastId;

    private BrowserPage(Process process, DirectoryInfo profile)
    {
        _process = process;
        _profile = profile;
    }

    /// <summary>The browser on this machine, or null.</summary>
    public static string? Program => Array.Find(Programs, File.Exists);

    /// <summary>Errors that the page wrote to the console, threw, or could not load.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>Starts the browser with an empty page.</summary>
    public static async Task<BrowserPage> OpenAsync(CancellationToken cancellationToken)
    {
        var profile = Directory.CreateTempSubdirectory("comfyserve-browser-");
        var start = new ProcessStartInfo(Program ?? throw new InvalidOperationException("there is no Chromium here")) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        string[] arguments =
        [
            "--headless=new", "--hide-scrollbars", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", $"--user-data-dir={profile.FullName}", "--remote-debugging-port=0", "about:blank",
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var page = new BrowserPage(Process.Start(start)!, profile);
        try
        {
            await page.ConnectAsync(cancellationToken);
            return page;
        }
        catch
        {
            await page.DisposeAsync();
            throw;
        }
    }

    /// <summary>Goes to a URL in a window of a size.</summary>
    public async Task GoAsync(string url, int width, int height, CancellationToken cancellationToken)
    {
        await ResizeAsync(width, height, cancellationToken);
        await CallAsync("Page.navigate", new JsonObject { ["url"] = url }, cancellationToken);
        await UntilAsync("document.readyState === 'complete' && location.href !== 'about:blank'", cancellationToken);
    }

    /// <summary>Changes the window's size.</summary>
    public Task ResizeAsync(int width, int height, CancellationToken cancellationToken) => CallAsync(
        "Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false }, cancellationToken);

    /// <summary>Chooses <c>light</c> or <c>dark</c>.</summary>
    public Task ColorsAsync(string scheme, CancellationToken cancellationToken) => CallAsync(
        "Emulation.setEmulatedMedia",
        new JsonObject { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = scheme }) },
        cancellationToken);

    /// <summary>The value of a JavaScript expression; promises are awaited.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression, CancellationToken cancellationToken)
    {
        var answer = await CallAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true }, cancellationToken);
        return answer["exceptionDetails"] is { } thrown ? throw new InvalidOperationException(thrown.ToJsonString()) : answer["result"]!["value"];
    }

    /// <summary>Waits until an expression is true, half a minute at most.</summary>
    public async Task UntilAsync(string expression, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        while (await EvaluateAsync(expression, cancellationToken) is not JsonValue value || !value.TryGetValue<bool>(out var isTrue) || !isTrue)
        {
            if (Stopwatch.GetElapsedTime(begun) > TimeSpan.FromSeconds(30))
            {
                throw new TimeoutException($"'{expression}' did not come true; the page says: {await EvaluateAsync("document.body.innerText", cancellationToken)}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>The whole page as PNG.</summary>
    public async Task<byte[]> PictureAsync(CancellationToken cancellationToken)
    {
        var answer = await CallAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png", ["captureBeyondViewport"] = true }, cancellationToken);
        return Convert.FromBase64String((string)answer["data"]!);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        try
        {
            _profile.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A helper process of the browser is still writing; the system's temporary folder is cleaned anyway.
        }
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();

        // The browser writes the port that it chose into its profile.
        var file = Path.Combine(_profile.FullName, "DevToolsActivePort");
        var port = "";
        while (port.Length == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, limit.Token);
            port = File.Exists(file) ? (await File.ReadAllTextAsync(file, limit.Token)).Split('\n')[0] : "";
        }

        using var http = new HttpClient();
        var targets = JsonNode.Parse(await http.GetStringAsync($"http://127.0.0.1:{port}/json/list", limit.Token))!.AsArray();
        var page = targets.First(t => (string?)t!["type"] == "page")!;
        await _socket.ConnectAsync(new Uri((string)page["webSocketDebuggerUrl"]!), limit.Token);
        foreach (var domain in new[] { "Page", "Runtime", "Log" })
        {
            await CallAsync(domain + ".enable", [], limit.Token);
        }
    }

    private async Task<JsonNode> CallAsync(string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        var id = ++_lastId;
        var call = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters });
        await _socket.SendAsync(call, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        while (true)
        {
            var message = await ReceiveAsync(cancellationToken);
            if ((int?)message["id"] == id)
            {
                return message["error"] is { } error ? throw new InvalidOperationException($"{method}: {error.ToJsonString()}") : message["result"]!;
            }

            Note(message);
        }
    }

    private void Note(JsonNode message)
    {
        var parameters = message["params"];
        var isError = (string?)message["method"] switch
        {
            "Runtime.exceptionThrown" => true,
            "Runtime.consoleAPICalled" => (string?)parameters!["type"] == "error",
            "Log.entryAdded" => (string?)parameters!["entry"]!["level"] == "error",
            _ => false,
        };
        if (isError)
        {
            _errors.Add(parameters!.ToJsonString());
        }
    }

    private async Task<JsonNode> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var message = new MemoryStream();
        var buffer = new byte[64 << 10];
        WebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer, cancellationToken);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(message.ToArray())!;
    }
}
