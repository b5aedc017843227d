using ComfyServe.Api.Jobs;
using ComfyServe.Api.Jobs.Durable;

namespace ComfyServe.Api.Outputs;

/// <summary>Signs the URLs of a job's outputs afresh: those in a result expire, the objects do not.</summary>
internal sealed class OutputUrls(ObjectStores stores, JobRecorder recorder)
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
        var request = job.Request.Workflow.IsEmpty ? await recorder.FindRequestAsync(job.Id, cancellationToken) : job.Request;
        if (request is null)
        {
            return last;
        }

        var store = stores.For(request with { PublicUrl = publicUrl });
        return last with { Output = [.. last.Output.Select(o => o is { Key: { } key, Url: not null } ? o with { Url = store.UrlOf(key, lifetime) } : o)] };
    }
}
