using ComfyServe.Api.Jobs;
using ComfyServe.Api.Keys;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Requests;

/// <summary>Finds jobs for callers.</summary>
internal static class JobLookup
{
    /// <summary>The job of an id, if this caller may know of it.</summary>
    public static async Task<Job?> FindForAsync(this JobService jobs, string id, HttpContext context) =>
        await jobs.FindAsync(id, context.RequestAborted) is { } job && job.Request.Owner == KeyGate.OwnerOf(context) ? job : null;
}
