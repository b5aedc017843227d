using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ComfyServe.Api.Owners;

namespace ComfyServe.Api.Engines;

/// <summary>An engine's HTTP API, as far as this service needs it. Every call has a timeout; failures to reach it are <see cref="EngineUnreachableException"/>.</summary>
internal sealed class EngineClient(HttpClient http, string baseUrl, EngineTimes times, TimeProvider time)
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>Submits a workflow under an id of ours.</summary>
    /// <param name="promptId">The id.</param>
    /// <param name="clientId">Whose socket is told of the run.</param>
    /// <param name="workflow">The workflow.</param>
    /// <param name="runLimit">How long our engine lets the run take; a real ComfyUI keeps the number and does not read it.</param>
    /// <param name="files">The files of its owner, where callers show keys: a refusal then tells no others.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<SubmitReply> SubmitAsync(
        string promptId, string clientId, ReadOnlyMemory<byte> workflow, TimeSpan runLimit, OwnerFiles? files, CancellationToken cancellationToken)
    {
        using var reply = await SendAsync(HttpMethod.Post, "/prompt", PromptBody(promptId, clientId, workflow.Span, runLimit), cancellationToken);
        var body = reply.Body;
        if (reply.Status != HttpStatusCode.OK)
        {
            return new() { Refusal = WorkflowRefusal.Read((int)reply.Status, body, files) };
        }

        var root = Parse(body, "/prompt");
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("prompt_id", out var id) && id.ValueKind == JsonValueKind.String)
        {
            return new() { PromptId = id.GetString(), NodeErrors = root.TryGetProperty("node_errors", out var errors) ? errors : default };
        }

        return new() { Refusal = WorkflowRefusal.Read((int)reply.Status, body, files) };
    }

    /// <summary>The record of a finished run, or null while there is none.</summary>
    public async Task<HistoryEntry?> HistoryAsync(string promptId, CancellationToken cancellationToken)
    {
        using var reply = await GetAsync($"/history/{Uri.EscapeDataString(promptId)}", cancellationToken);
        if (reply.Status == HttpStatusCode.NotFound)
        {
            return null;
        }

        var root = Parse(reply.Body, "/history");
        return root.ValueKind == JsonValueKind.Object && root.TryGetProperty(promptId, out var entry) && entry.ValueKind == JsonValueKind.Object
            ? new HistoryEntry(entry)
            : null;
    }

    /// <summary>Where a prompt stands in the queue.</summary>
    public async Task<QueuePlace> PlaceAsync(string promptId, CancellationToken cancellationToken)
    {
        using var reply = await GetAsync("/queue", cancellationToken);
        var root = Parse(reply.Body, "/queue");
        if (Holds(root, "queue_running", promptId))
        {
            return QueuePlace.Running;
        }

        return Holds(root, "queue_pending", promptId) ? QueuePlace.Pending : QueuePlace.Absent;
    }

    /// <summary>Takes a prompt out of the queue, if it still waits there.</summary>
    public Task DeleteAsync(string promptId, CancellationToken cancellationToken) =>
        PostAsync("/queue", $$"""{"delete":["{{JsonEncodedText.Encode(promptId)}}"]}""", cancellationToken);

    /// <summary>Interrupts a prompt, if it runs.</summary>
    public Task InterruptAsync(string promptId, CancellationToken cancellationToken) =>
        PostAsync("/interrupt", $$"""{"prompt_id":"{{JsonEncodedText.Encode(promptId)}}"}""", cancellationToken);

    /// <summary>Makes the engine give back memory.</summary>
    public Task FreeAsync(CancellationToken cancellationToken) =>
        PostAsync("/free", """{"unload_models":true,"free_memory":true}""", cancellationToken);

    /// <summary>The engine's description of itself.</summary>
    public async Task<JsonElement> StatsAsync(CancellationToken cancellationToken)
    {
        using var reply = await GetAsync("/system_stats", cancellationToken);
        return reply.Status == HttpStatusCode.OK ? Parse(reply.Body, "/system_stats") : throw new EngineUnreachableException($"'/system_stats' answered {(int)reply.Status}");
    }

    /// <summary>The engine's nodes.</summary>
    public async Task<JsonElement> CatalogueAsync(CancellationToken cancellationToken)
    {
        using var reply = await GetAsync("/object_info", cancellationToken);
        return reply.Status == HttpStatusCode.OK ? Parse(reply.Body, "/object_info") : throw new EngineUnreachableException($"'/object_info' answered {(int)reply.Status}");
    }

    /// <summary>Puts a file into the engine's input folder; returns the name that it got there, with its subfolder. Null when the engine refused it.</summary>
    public async Task<string?> UploadAsync(string filename, string subfolder, Stream file, CancellationToken cancellationToken)
    {
        using var content = new MultipartFormDataContent
        {
            { new StreamContent(file) { Headers = { ContentType = new("application/octet-stream") } }, "image", filename },
            { new StringContent("input"), "type" },
        };
        if (subfolder.Length > 0)
        {
            content.Add(new StringContent(subfolder), "subfolder");
        }

        using var reply = await SendAsync(HttpMethod.Post, "/upload/image", content, cancellationToken, times.Transfer);
        if (reply.Status != HttpStatusCode.OK)
        {
            return null;
        }

        var root = Parse(reply.Body, "/upload/image");
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String)
        {
            throw new EngineUnreachableException("'/upload/image' did not tell the file's name");
        }

        var folder = root.TryGetProperty("subfolder", out var place) && place.ValueKind == JsonValueKind.String ? place.GetString() : "";
        if (subfolder.Length > 0 && folder != subfolder)
        {
            throw new EngineUnreachableException("'/upload/image' did not put the file where it was told to");
        }

        return string.IsNullOrEmpty(folder) ? name.GetString() : $"{folder}/{name.GetString()}";
    }

    /// <summary>Where the engine keeps its files.</summary>
    public async Task<EngineFolders> FoldersAsync(CancellationToken cancellationToken)
    {
        using var paths = await GetAsync("/internal/folder_paths", cancellationToken);
        using var stats = await GetAsync("/system_stats", cancellationToken);
        return paths.Status == HttpStatusCode.OK && stats.Status == HttpStatusCode.OK
            ? EngineFolders.Read(Parse(paths.Body, "/internal/folder_paths"), Parse(stats.Body, "/system_stats"))
            : EngineFolders.Unknown;
    }

    /// <summary>Opens a file of the engine; the caller disposes the response. Null when the engine has no such file.</summary>
    public async Task<HttpResponseMessage?> OpenAsync(string type, string subfolder, string filename, CancellationToken cancellationToken)
    {
        var path = $"/view?filename={Uri.EscapeDataString(filename)}&subfolder={Uri.EscapeDataString(subfolder)}&type={Uri.EscapeDataString(type)}";
        using var request = new HttpRequestMessage(HttpMethod.Get, baseUrl + path);
        var response = await TryAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            return response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden or HttpStatusCode.BadRequest
                ? null
                : throw new EngineUnreachableException($"'/view' answered {(int)response.StatusCode}");
        }
    }

    private Task<Reply> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, cancellationToken);

    private async Task PostAsync(string path, string body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body, Json);
        using var reply = await SendAsync(HttpMethod.Post, path, content, cancellationToken);
    }

    private async Task<Reply> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken, TimeSpan? limit = null)
    {
        using var patience = new CancellationTokenSource(limit ?? times.Call, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        using var request = new HttpRequestMessage(method, baseUrl + path) { Content = content };
        try
        {
            var response = await TryAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            try
            {
                if ((int)response.StatusCode >= 500)
                {
                    throw new EngineUnreachableException($"'{path}' answered {(int)response.StatusCode}");
                }

                await response.Content.LoadIntoBufferAsync(times.MaxReply, both.Token);
                return new(response, await response.Content.ReadAsByteArrayAsync(both.Token));
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EngineUnreachableException($"'{path}' timed out after {(limit ?? times.Call).TotalSeconds:0.###} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new EngineUnreachableException($"network error at '{path}': {e.Message}", e);
        }
    }

    private async Task<HttpResponseMessage> TryAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(request, completion, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new EngineUnreachableException($"Cannot connect to the engine: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // The handler's own patience with a new connection is over; it says so as if the caller had cancelled.
            throw new EngineUnreachableException($"Cannot connect to the engine within {times.Connect.TotalSeconds:0.###} s", e);
        }
    }

    private static JsonElement Parse(byte[] body, string path)
    {
        try
        {
            using var document = PythonJson.Parse(body);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new EngineUnreachableException($"'{path}' did not answer with JSON", e);
        }
    }

    private static bool Holds(JsonElement root, string list, string promptId)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(list, out var items) || items.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        foreach (var item in items.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.Array && item.GetArrayLength() > 1 && item[1].ValueKind == JsonValueKind.String && item[1].ValueEquals(promptId))
            {
                return true;
            }
        }

        return false;
    }

    private static ByteArrayContent PromptBody(string promptId, string clientId, ReadOnlySpan<byte> workflow, TimeSpan runLimit)
    {
        // The graph's bytes go through unchanged: seeds up to 2^64 and floats must not be rounded, key order and escapes stay.
        var buffer = new ArrayBufferWriter<byte>(workflow.Length + 256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("prompt"u8);
            writer.WriteRawValue(workflow, skipInputValidation: true);
            writer.WriteString("client_id"u8, clientId);
            writer.WriteString("prompt_id"u8, promptId);
            writer.WriteStartObject("extra_data"u8);
            writer.WriteNumber("run_seconds"u8, runLimit.TotalSeconds);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return new ByteArrayContent(buffer.WrittenSpan.ToArray()) { Headers = { ContentType = Json } };
    }

    private readonly struct Reply(HttpResponseMessage response, byte[] body) : IDisposable
    {
        public HttpStatusCode Status => response.StatusCode;

        public byte[] Body { get; } = body;

        public void Dispose() => response.Dispose();
    }
}
