using ComfyServe.Api.Jobs;
using ComfyServe.Api.Keys;
using ComfyServe.Jobs;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Requests;

/// <summary>Finds jobs for callers.</summary>
internal static class JobLookup
{
    /// <summary>The job of an id, if this caller may know of it.</summary>
    public static Task<Job?> FindForAsync(this JobService jobs, string id, HttpContext context) =>
        jobs.FindAsync(KeyOf(id, context), context.RequestAborted);

    /// <summary>What an id names for this caller: another owner's job is no other than one that is not there.</summary>
    public static JobKey KeyOf(string id, HttpContext context) => new(KeyGate.OwnerOf(context), id);
}
