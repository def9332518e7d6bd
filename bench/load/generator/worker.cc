// The loop; see worker.h.
#include "worker.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "../../native/clock.h"

namespace bench {
namespace {

constexpr int EVENTS_MAX = 256;
constexpr uint64_t OFFERS_MAX = 4096;  // before sockets are looked at again
constexpr int64_t REVIVE_EVERY_NS = 20'000'000;
constexpr unsigned long TIMER_SLACK_NS = 1000;
constexpr int64_t LOOK_EVERY_NS = 20'000, LOOK_EVERY_LINGERING_NS = 250'000;

}  // namespace

Worker::~Worker() {
  if (epoll_ >= 0) close(epoll_);
}

bool Worker::prepare(std::string& error) {
  const Settings& settings = run_.settings;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  for (int i = index_; i < settings.producers; i += settings.threads) {
    producers_.push_back(std::make_unique<Producer>(run_, stats_, uint32_t(i)));
    if (!producers_.back()->connect(error)) return false;
    for (auto& link : producers_.back()->links()) producer_links_.push_back(link.get());
  }
  for (int i = index_; i < settings.consumers; i += settings.threads) {
    bool split = settings.share == Share::SPLIT;
    std::vector<uint32_t> partitions;
    for (uint32_t p = split ? uint32_t(i) : 0; p < run_.cluster.partitions.size(); p += split ? uint32_t(settings.consumers) : 1)
      partitions.push_back(p);
    if (partitions.empty()) continue;
    consumers_.push_back(std::make_unique<Consumer>(run_, stats_, split ? 0 : size_t(i), partitions));
    if (!consumers_.back()->connect(error)) return false;
    for (auto& link : consumers_.back()->links()) consumer_links_.push_back(link.get());
  }
  for (auto* link : producer_links_) watch(*link, EPOLL_CTL_ADD);
  for (auto* link : consumer_links_) watch(*link, EPOLL_CTL_ADD);
  return true;
}

void Worker::begin(const Timeline& timeline) {
  timeline_ = &timeline;
  stats_.begin(timeline);
}

void Worker::watch(Endpoint& endpoint, int operation) {
  endpoint.armed_for_write = endpoint.wants_write();
  epoll_event event{};
  event.events = EPOLLIN | (endpoint.armed_for_write ? uint32_t(EPOLLOUT) : 0u);
  event.data.ptr = &endpoint;
  epoll_ctl(epoll_, operation, endpoint.fd(), &event);
}

void Worker::lose(Endpoint& endpoint, int64_t now_ns) {
  if (endpoint.lost) return;
  endpoint.on_lost(now_ns);  // closing the socket takes it out of epoll
  endpoint.lost = true;
  lost_.push_back(&endpoint);
  revive_at_ns_ = now_ns + REVIVE_EVERY_NS;
}

void Worker::revive_lost(int64_t now_ns) {
  std::vector<Endpoint*> waiting;
  std::swap(waiting, lost_);
  for (size_t i = 0; i < waiting.size(); i++) {
    if (!waiting[i]->revive(now_ns)) {  // the others would not do better
      lost_.insert(lost_.end(), waiting.begin() + long(i), waiting.end());
      break;
    }
    waiting[i]->lost = false;
    watch(*waiting[i], EPOLL_CTL_ADD);
    pump(*waiting[i], now_ns);
  }
  revive_at_ns_ = now_ns + REVIVE_EVERY_NS;
}

void Worker::pump(Endpoint& endpoint, int64_t now_ns) {
  if (endpoint.lost) return;
  if (!endpoint.pump(now_ns)) return lose(endpoint, now_ns);
  if (endpoint.wants_write() != endpoint.armed_for_write) watch(endpoint, EPOLL_CTL_MOD);
}

void Worker::handle(Endpoint& endpoint, uint32_t events, int64_t now_ns) {
  if (endpoint.lost) return;
  if ((events & EPOLLOUT) != 0 && !endpoint.on_writable()) return lose(endpoint, now_ns);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !endpoint.on_readable(now_ns)) return lose(endpoint, now_ns);
  if (sending_) pump(endpoint, now_ns);
  else if (endpoint.wants_write() != endpoint.armed_for_write) watch(endpoint, EPOLL_CTL_MOD);
}

/** The rate of the stage that `now_ns` lies in; warm-up has the rate of the first. */
void Worker::enter_stage(int64_t now_ns) {
  int stage = timeline_->stage_at(now_ns);
  if (stage == stage_) return;
  if (interval_ns_ > 0) offer_due(now_ns, UINT64_MAX);  // what the stage that is over still owes
  if (stage >= timeline_->stages()) return;
  stage_ = stage;
  const Settings& settings = run_.settings;
  double rate = settings.stages[size_t(std::max(stage, 0))].rate;
  double own_rate = settings.producers > 0 ? rate * double(producers_.size()) / settings.producers : 0;
  interval_ns_ = own_rate > 0 ? 1e9 / own_rate : 0;
  int64_t from_ns = stage < 0 ? timeline_->start_ns() : timeline_->stage_start_ns(stage);
  next_due_ns_ = double(from_ns) + interval_ns_ * (index_ + 0.5) / settings.threads;
  for (auto& producer : producers_) producer->set_closed(rate == 0);
}

void Worker::offer_due(int64_t now_ns, uint64_t count_max) {
  int64_t end_ns = stage_ < 0 ? timeline_->stage_start_ns(0) : timeline_->stage_end_ns(stage_);
  uint64_t limit = run_.settings.records_max;
  uint64_t waiting = backlog();
  for (uint64_t i = 0; i < count_max && next_due_ns_ <= double(now_ns) && next_due_ns_ < double(end_ns); i++) {
    if (waiting + i > run_.settings.backlog_records_max) return;  // the run ends with it: no more is kept
    if (limit > 0) {
      uint64_t left = run_.records_left.load();
      while (left > 0 && !run_.records_left.compare_exchange_weak(left, left - 1)) {
      }
      if (left == 0) return;
    }
    int64_t intended_ns = int64_t(next_due_ns_);
    stats_.late(intended_ns, now_ns);
    producers_[next_producer_]->offer(intended_ns, now_ns);
    if (++next_producer_ == producers_.size()) next_producer_ = 0;
    next_due_ns_ += interval_ns_;
  }
}

uint64_t Worker::backlog() const {
  uint64_t records = 0;
  for (auto& producer : producers_) records += producer->backlog();
  return records;
}

bool Worker::all_answered() const {
  return std::all_of(producers_.begin(), producers_.end(), [](auto& producer) { return producer->idle(); });
}

bool Worker::work_done() const {
  const Settings& settings = run_.settings;
  bool consume_bounded = settings.consumers > 0 && (settings.to_end || settings.consume_records_max > 0);
  bool produce_bounded = settings.producers > 0 && settings.records_max > 0;
  if (!consume_bounded && !produce_bounded) return false;
  if (produce_bounded && (run_.records_left > 0 || !all_answered())) return false;
  if (!consume_bounded) return run_.matcher == nullptr || run_.matcher->waiting_records() == 0;
  if (settings.consume_records_max > 0 && run_.consume_records_left == 0) return true;
  return settings.to_end && std::all_of(consumers_.begin(), consumers_.end(), [](auto& consumer) { return consumer->done(); });
}

int64_t Worker::next_event_ns() const {
  int64_t next = std::min(stats_.interval_end_ns(), sending_ ? timeline_->end_ns() : timeline_->end_ns() + run_.settings.drain_ns);
  if (!lost_.empty()) next = std::min(next, revive_at_ns_);
  if (sending_) {
    int stage_edge = stage_ + 1;
    if (stage_edge < timeline_->stages()) next = std::min(next, timeline_->stage_start_ns(stage_edge));
    if (interval_ns_ > 0 && !producers_.empty() && (run_.settings.records_max == 0 || run_.records_left > 0))
      next = std::min(next, std::max(int64_t(next_due_ns_) + 1, last_look_ns_ + look_every_ns_));
  }
  if (run_.settings.linger_ns > 0)
    for (auto* link : producer_links_)
      if (!link->lost && link->has_room()) next = std::min(next, link->next_deadline_ns());
  for (auto* link : consumer_links_)
    if (!link->lost && sending_) next = std::min(next, link->retry_at_ns());
  return next;
}

void Worker::wait_and_handle(int64_t until_ns) {
  epoll_event events[EVENTS_MAX];
  int64_t left_ns = std::max<int64_t>(0, until_ns - now_ns());
  timespec timeout{left_ns / 1'000'000'000, left_ns % 1'000'000'000};
  int count = epoll_pwait2(epoll_, events, EVENTS_MAX, &timeout, nullptr);
  int64_t now = now_ns();
  stats_.at(now);
  for (int i = 0; i < count; i++) handle(*static_cast<Endpoint*>(events[i].data.ptr), events[i].events, now);
}

void Worker::run(const std::atomic<bool>& stop) {
  prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
  int64_t linger_ns = run_.settings.linger_ns;  // records that will linger anyway need not be taken up at once
  look_every_ns_ = linger_ns > 0 ? std::min(linger_ns / 4, LOOK_EVERY_LINGERING_NS) : LOOK_EVERY_NS;
  std::this_thread::sleep_for(std::chrono::nanoseconds(timeline_->start_ns() - now_ns()));
  enter_stage(timeline_->start_ns());
  for (int64_t now = now_ns(); !stop.load(std::memory_order_relaxed); now = now_ns()) {
    stats_.at(now);
    while (now >= stats_.interval_end_ns()) stats_.close_interval(backlog());
    if (sending_) enter_stage(now);
    if (sending_ && now >= timeline_->end_ns()) sending_ = false;
    bool open_loop = interval_ns_ > 0 && !producers_.empty();
    last_look_ns_ = now;
    if (sending_ && open_loop) offer_due(now, OFFERS_MAX);
    if ((overrun_ = backlog() > run_.settings.backlog_records_max)) break;
    if (!lost_.empty() && now >= revive_at_ns_) revive_lost(now);
    if (sending_ || open_loop)
      for (auto* link : producer_links_) pump(*link, now);
    if (sending_)
      for (auto* link : consumer_links_) pump(*link, now);
    if (done_at_ns_ == 0 && work_done()) done_at_ns_ = now, over_ = true;
    if (!sending_ && !over_ && all_answered() && (run_.matcher == nullptr || run_.matcher->waiting_records() == 0)) over_ = true;
    if (!sending_ && now >= timeline_->end_ns() + run_.settings.drain_ns) break;
    if (over_ && !sending_) break;
    wait_and_handle(next_event_ns());
  }
  int64_t now = now_ns();
  stats_.at(now);
  for (auto& producer : producers_) producer->give_up(now);
  stats_.close_interval(backlog());
  over_ = true;
}

}  // namespace bench
