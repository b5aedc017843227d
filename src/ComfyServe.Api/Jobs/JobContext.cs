using ComfyServe.Api.Jobs.Durable;

namespace ComfyServe.Api.Jobs;

/// <summary>What a job needs of its surroundings.</summary>
/// <param name="Order">Its place in the order of acceptance.</param>
/// <param name="Queues">The queues that it passes.</param>
/// <param name="Recorder">Writes down its end.</param>
/// <param name="Time">Clock.</param>
internal sealed record JobContext(long Order, JobQueues Queues, IJobRecorder Recorder, TimeProvider Time);
