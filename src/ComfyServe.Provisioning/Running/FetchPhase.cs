using ComfyServe.Hosting.Outbound;
using ComfyServe.Provisioning.Downloads;
using ComfyServe.Provisioning.Manifest;

namespace ComfyServe.Provisioning.Running;

/// <summary>Fetches models and files: by digest where there is one, else by the URL that a file came from.</summary>
internal sealed class FetchPhase(StepContext context, DownloadBatch batch)
{
    private const string Phase = "models";

    /// <summary>Content bytes from the network.</summary>
    public long Transferred { get; private set; }

    /// <summary>Bytes that were not fetched again.</summary>
    public long Resumed { get; private set; }

    /// <summary>Fetches what is not right, all at once; a failure does not stop the others.</summary>
    public async Task<IReadOnlyList<StepResult>> RunAsync(IReadOnlyList<FetchedFile> files, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        var results = new StepResult[files.Count];
        var wanted = new List<(int Index, DownloadRequest Request)>();
        for (var i = 0; i < files.Count; i++)
        {
            var request = Request(files[i]);
            if (await batch.IsRightAsync(request, cancellationToken))
            {
                results[i] = new StepResult(Phase, request.Destination, StepOutcome.AlreadyRight);
            }
            else if (context.Options.CheckOnly)
            {
                results[i] = new StepResult(Phase, request.Destination, StepOutcome.Wanted, $"from '{ShownUrl.Of(request.Url)}'");
            }
            else
            {
                wanted.Add((i, request));
            }
        }

        var downloads = await batch.RunAsync(wanted.Select(w => w.Request), progress, cancellationToken);
        for (var i = 0; i < downloads.Length; i++)
        {
            results[wanted[i].Index] = Result(downloads[i], files[wanted[i].Index]);
        }

        return results;
    }

    private static string Key(FetchedFile file) => file.Destination.EndsWith('/') ? $"named {file.Destination} {Origin(file)}" : $"file {file.Destination}";

    private static string Origin(FetchedFile file) => StepMemory.Hash(file.Url.AbsoluteUri);

    /// <summary>Where the server named the file before, it is asked for by that name: a start then needs no network.</summary>
    private DownloadRequest Request(FetchedFile file)
    {
        var named = file.Destination.EndsWith('/') ? context.Memory.Find(Key(file)) : null;
        var cameFromElsewhere = !file.Destination.EndsWith('/') && context.Memory.WasOther(Key(file), Origin(file));
        return new DownloadRequest(file.Url, named ?? file.Destination)
        {
            Sha256 = file.Sha256,
            Size = file.Size,
            Replace = context.Options.Force || cameFromElsewhere,
        };
    }

    private StepResult Result(DownloadResult download, FetchedFile file)
    {
        Transferred += download.BytesTransferred;
        Resumed += download.BytesResumed;
        var name = download.Path ?? download.Request.Destination;
        if (download.Outcome == DownloadOutcome.Failed)
        {
            return new StepResult(Phase, name, StepOutcome.Failed, download.Message);
        }

        context.Memory.Remember(Key(file), file.Destination.EndsWith('/') ? download.Path! : Origin(file));
        return download.Outcome == DownloadOutcome.AlreadyThere
            ? new StepResult(Phase, name, StepOutcome.AlreadyRight)
            : new StepResult(Phase, name, StepOutcome.Done, $"{download.Size} bytes, {(download.Verified ? "SHA-256 right" : "no SHA-256 known to compare with")}");
    }
}
