using ComfyServe.Api.Jobs;
using ComfyServe.Api.Jobs.Durable;

namespace ComfyServe.Api.Outputs;

/// <summary>Signs the URLs of a job's outputs afresh: those in a result expire, the objects do not.</summary>
internal sealed class OutputUrls(ObjectStores stores, LocalObjectStore local, JobRecorder recorder)
{
    /// <summary>What is known about the job, with URLs that are good from now on.</summary>
    /// <param name="job">The job.</param>
    /// <param name="publicUrl">Scheme, host and port that URLs of the embedded store begin with.</param>
    /// <param name="lifetime">How long they are good for.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    public async Task<JobSnapshot> RenewAsync(Job job, string publicUrl, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var last = job.Snapshot;
        if (!last.Output.Any(static o => o is { Key: not null, Url: not null }))
        {
            return last;
        }

        // A job of the past has its request, and with it the caller's store, in the ledger alone.
        var request = job.Request.Workflow.IsEmpty ? await recorder.FindRequestAsync(job.Key, cancellationToken) : job.Request;
        if (request is null)
        {
            return last;
        }

        return last with { Output = [.. last.Output.Select(o => o is { Key: { } key, Url: { } url } ? o with { Url = Renew(key, url) } : o)] };

        string Renew(string key, string url)
        {
            var seen = request with { PublicUrl = HomeOf(key, url) ?? publicUrl };
            return (UrlSigner.IsOurs(key, url) ? stores.Embedded(seen) : stores.For(seen)).UrlOf(key, lifetime); // one that its store did not take is kept here
        }
    }

    /// <summary>
    /// Where an object of an embedded store is kept when that is not here: of several services on one ledger each keeps the outputs of its own jobs,
    /// and the ledger's key signs for all of them. Null where it is kept here, or in S3, whose URLs are not ours to choose.
    /// </summary>
    private string? HomeOf(string key, string url)
    {
        var path = url.IndexOf(UrlSigner.PathOf(key) + "?", StringComparison.Ordinal);
        return path > 0 && local.Find(key) is null ? url[..path] : null;
    }
}
