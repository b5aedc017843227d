using ComfyServe.Api.Engines;
using ComfyServe.Api.Jobs;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Fairness;

namespace ComfyServe.Api.Outputs;

/// <summary>Moves a run's files from the engine to the object store, streaming: whatever their size, only buffers are held.</summary>
internal sealed class OutputCollector(ApiOptions options, EngineTimes times, ObjectStores stores, EngineFolderStore folders, TimeProvider time)
{
    /// <summary>Uploads that hold buffers at a time: when a store is slower than the engines, jobs pile up here and must not take 16 MiB each.</summary>
    internal const int UploadsAtOnce = 16;

    private const int FilesAtOnce = 4;
    private const int Attempts = 3;

    /// <summary>The embedded store writes to the disk: it takes a file from the engine in less.</summary>
    private static readonly TimeSpan LongestRescue = TimeSpan.FromMinutes(10);

    private readonly FairSlots _uploads = new(options.BoundsOf(UploadsAtOnce));

    /// <summary>Stores every file of <paramref name="files"/>. What goes wrong with one file is reported on that file.</summary>
    /// <exception cref="EngineUnreachableException">The engine went away with the files.</exception>
    public async Task<IReadOnlyList<OutputFile>> CollectAsync(
        Engine engine, JobRequest request, IReadOnlyList<OutputRef> files, IObjectStore store, CancellationToken cancellationToken)
    {
        if (files.Count == 0)
        {
            return [];
        }

        var names = NodeNames.Read(request.Workflow);
        var keys = OutputKeys.Of(options.OutputKeyTemplate, request, files, time.GetUtcNow().ToString("yyyy-MM-dd"));
        var limit = request.Budgets?.Upload is { } seconds ? TimeSpan.FromSeconds(seconds) : options.UploadTimeout;
        using var budget = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, budget.Token);
        var places = store.IsRemote ? await folders.GetAsync(engine, cancellationToken) : EngineFolders.Unknown;
        if (files.Count == 1)
        {
            return [await StoreWithinAsync(0)];
        }

        var stored = new OutputFile[files.Count];
        var limits = new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, files.Count, limits, async (i, _) => stored[i] = await StoreWithinAsync(i));
        return stored;

        async Task<OutputFile> StoreWithinAsync(int i)
        {
            OutputFile output;
            try
            {
                output = await StoreAsync(engine, request, files[i], keys[i], names, store, both.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                output = Describe(files[i], names) with { UploadError = $"not stored within {limit.TotalSeconds:0.###} s, the budget of the request's uploads" };
            }

            if (output.UploadError is not null && store.IsRemote)
            {
                output = await RescueAsync(engine, request, files[i], keys[i], names, output, cancellationToken);
            }

            return output.LocalPath.Length > 0 || output.Error is not null && output.Size is null
                ? output
                : output with { LocalPath = files[i].Place is { } place ? places.PathOf(files[i].Type, place, files[i].Filename) : "" };
        }
    }

    /// <summary>Keeps a file that its store did not take in the embedded one, so that it can be fetched all the same.</summary>
    private async Task<OutputFile> RescueAsync(
        Engine engine, JobRequest request, OutputRef file, string key, NodeNames names, OutputFile failed, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(LongestRescue, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            var kept = await StoreAsync(engine, request, file, key, names, stores.Embedded(request), both.Token);
            return kept.Url is null ? failed : kept with { UploadError = $"{failed.UploadError}; the file is kept in the service's own store instead" };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return failed;
        }
    }

    /// <summary>The files of a run that were not stored.</summary>
    public static IReadOnlyList<OutputFile> Describe(JobRequest request, IReadOnlyList<OutputRef> files)
    {
        var names = NodeNames.Read(request.Workflow);
        return [.. files.Select(f => Describe(f, names))];
    }

    private static OutputFile Describe(OutputRef file, NodeNames names) => new()
    {
        Filename = file.Filename,
        Type = file.Type,
        Subfolder = file.Subfolder,
        NodeId = file.NodeId,
        OutputType = file.Kind,
        NodeType = names.TypeOf(file.NodeId),
        NodeTitle = names.TitleOf(file.NodeId),
    };

    private async Task<OutputFile> StoreAsync(
        Engine engine, JobRequest request, OutputRef file, string key, NodeNames names, IObjectStore store, CancellationToken cancellationToken)
    {
        var output = Describe(file, names);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var slot = store.IsRemote ? await _uploads.EnterAsync(request.Owner, cancellationToken) : null;
                return await StoreOnceAsync(engine, request, file, output, key, store, cancellationToken);
            }
            catch (EngineUnreachableException) when (attempt < Attempts)
            {
                // The engine broke off in the middle of the file: from its beginning again.
            }
        }
    }

    private async Task<OutputFile> StoreOnceAsync(
        Engine engine, JobRequest request, OutputRef file, OutputFile output, string key, IObjectStore store, CancellationToken cancellationToken)
    {
        if (file.Place is null)
        {
            return output with { Error = $"not a file of this request's key: '{file.Filename}'" };
        }

        using var response = await OpenAsync(engine, file, cancellationToken);
        if (response is null)
        {
            return output with { Error = $"file missing on the engine: '{file.Filename}'" };
        }

        await using var source = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var content = new HashingStream(source, request.ReturnBase64 ? options.OutputBase64MaxBytes : 0);
        try
        {
            var type = MediaType.Of((await content.PeekAsync(cancellationToken)).Span, file.Filename);
            output = output with { Mimetype = type };
            var path = await store.PutAsync(key, content, type, cancellationToken);
            output = output with { LocalPath = path, Key = key, Url = store.UrlOf(key, request.UrlLifetime ?? options.UrlLifetime) };
        }
        catch (ObjectStoreException e)
        {
            return output with { UploadError = e.Message };
        }

        return Inline(output with { Size = content.BytesRead, Sha256 = content.Sha256() }, request, content);
    }

    private OutputFile Inline(OutputFile output, JobRequest request, HashingStream content)
    {
        if (!request.ReturnBase64)
        {
            return output;
        }

        return content.Captured is { } bytes
            ? output with { Data = Convert.ToBase64String(bytes.Span) }
            : output with { Error = $"file size {content.BytesRead} exceeds OUTPUT_BASE64_MAX_BYTES ({options.OutputBase64MaxBytes}); not inlined" };
    }

    private async Task<HttpResponseMessage?> OpenAsync(Engine engine, OutputRef file, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await engine.Client.OpenAsync(file.Type, file.Place!, file.Filename, cancellationToken);
            }
            catch (EngineUnreachableException) when (time.GetElapsedTime(began) < times.Outage)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(2000, 100 << Math.Min(attempt, 5))), time, cancellationToken);
            }
        }
    }
}
