namespace ComfyServe.Api.Jobs.Durable;

/// <summary>Writes down how jobs end.</summary>
internal interface IJobRecorder
{
    /// <summary>Has the end of a job on disk when it completes; tries until it is, or until the service stops. Never throws.</summary>
    Task RecordAsync(Job job, JobSnapshot last);
}
